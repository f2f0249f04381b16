/* SPDX-License-Identifier: MIT */
/*
 * What a run tells as it goes on: packets and ICMP errors to the report, results of intervals (--every), and a live line on
 * a terminal.
 *
 * Flow: tell_start() before the engine starts; the rest happens in the loop; tell_end() when the engine is over.
 */
#pragma once

#include "echoprobe/engine.h"
#include "echoprobe/live.h"
#include "echoprobe/report.h"

#define TELL_TIMERS 2 /* of each in the loop */
#define TELL_LINE_BYTES 256

/* Whether there is a live line: one run at a time can have it. */
enum tell_live { TELL_NO_LIVE, TELL_LIVE };

struct tell {
	struct engine_watch watch;
	struct engine *engine;
	struct result result; /* as it was at the start, or is now */
	struct live live;
	uint64_t answered_ns; /* the last time that it was, of CLOCK_MONOTONIC; 0: never */
	size_t shown_n;       /* characters of the live line on the terminal */
	struct loop_timer every, show;
};

void tell_start(struct tell *t, struct engine *e, struct loop *loop, enum tell_live live);
void tell_end(struct tell *t);

/* The `result` is what is known now. */
void tell_refresh(struct tell *t);

/* A live line is worth it: standard error is a terminal, and the plan's report is for people. */
enum tell_live tell_wants_live(const struct plan *plan);
