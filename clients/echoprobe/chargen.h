/* SPDX-License-Identifier: MIT */
/* The chargen test (RFC 864): the server sends printable text for as long as it is read. */
#pragma once

#include "echoprobe/probe.h"

extern const struct probe_exchange chargen_exchange;
