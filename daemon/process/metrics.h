/* SPDX-License-Identifier: MIT */
/*
 * The metrics process: answers GET of /metrics, /healthz and /readyz over HTTP from what all processes share.
 *
 * Process: forked by the supervisor beside the workers of a generation, never talks to them, and can only read the shared
 * records: it makes them read-only for itself before it listens. libmicrohttpd speaks HTTP, driven by the loop.
 * A client has 5 seconds for all of it, and there are few at once.
 */
#pragma once

#include "worker/worker.h"

/* Runs until it is to end; never returns. listening: the socket; channel: its end of the socketpair. */
_Noreturn void metrics_run(const struct worker_plan *plan, int listening, int channel);
