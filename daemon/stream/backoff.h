/* SPDX-License-Identifier: MIT */
/*
 * Exponential back-off: how long to wait after the kernel has run out of something, and how often to say so.
 *
 * Pure. The first wait is BACKOFF_FIRST_NS, each other twice as long up to BACKOFF_LAST_NS; success begins anew. Failures
 * are logged once in BACKOFF_SILENT_NS.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define BACKOFF_FIRST_NS (100 * CLOCK_MS_NS)
#define BACKOFF_LAST_NS CLOCK_S_NS
#define BACKOFF_SILENT_NS (30 * CLOCK_S_NS)

/* Zeroed at first. */
struct backoff {
	uint64_t wait_ns;   /* after the last failure; 0: there was none since the last success */
	uint64_t logged_ns; /* when a failure was last to be logged; 0: never                    */
};

/* Another failure. How long to wait until the next try. */
uint64_t backoff_fail(struct backoff *b);

/* Decides whether this failure is to be logged. */
bool backoff_may_log(struct backoff *b, uint64_t now_ns);

/* A success. Writes nothing where nothing had failed: a page that is not written is not copied after a fork. */
void backoff_succeed(struct backoff *b);
