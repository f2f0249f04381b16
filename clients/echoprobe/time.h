/* SPDX-License-Identifier: MIT */
/* The time test (RFC 868): the server says its seconds since 1900 in 4 octets, and ends; from which its clock is told. */
#pragma once

#include "echoprobe/probe.h"

extern const struct probe_exchange time_exchange;

/* The server's clock against ours. */
void time_report(struct engine *e, struct result *ret);
