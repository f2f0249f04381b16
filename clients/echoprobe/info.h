/* SPDX-License-Identifier: MIT */
/* The info test: what the server saw of our datagrams or connections. */
#pragma once

#include "echoprobe/probe.h"

extern const struct probe_exchange info_exchange;
extern const struct probe_session info_session;

void info_report(struct engine *e, struct result *ret);
