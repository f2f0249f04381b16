/* SPDX-License-Identifier: MIT */
/*
 * When the next packet is due. No answer is waited for, so a path that stalls does not thin out what is sent into it.
 *
 * Flow: at each turn schedule_skip(), then for each packet that is due schedule_due_ns() and schedule_advance().
 */
#pragma once

#include <stdint.h>

#include "echoprobe/plan.h"

#define SCHEDULE_LATE_NS 1000000 /* a slot is missed that is late by more than this and by more than the interval */

struct schedule {
	enum plan_schedule kind;
	uint64_t interval_ns; /* between slots; PLAN_POISSON: their mean                  */
	uint64_t burst;       /* packets a slot                                           */
	uint64_t due_ns;      /* the next packet's slot                                   */
	uint64_t sent;        /* packets of it that were sent                             */
	uint64_t random;      /* PLAN_POISSON: the generator's state                      */
};

/* The first slot is at start_ns (CLOCK_MONOTONIC). seed: any number, for PLAN_POISSON. */
void schedule_init(struct schedule *s, const struct plan *plan, uint64_t start_ns, uint64_t seed);

/* Passes over slots that were missed: RFC 3432 wants a period, not a burst that queues behind itself. How many slots; of
 * Poisson's, which have no memory, their mean number. A slot of which some packets were sent is not missed. */
uint64_t schedule_skip(struct schedule *s, uint64_t now_ns);

/* The time when the next packet is due: now, where that is not after now. */
uint64_t schedule_due_ns(const struct schedule *s);

/* Notes that the packet was sent. */
void schedule_advance(struct schedule *s);
