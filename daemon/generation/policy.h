/* SPDX-License-Identifier: MIT */
/*
 * The policy of pools: how many processes each should have. Pure: counts and the clock in; "spawn 2", "retire 1", "not
 * before t" out. pool.c carries it out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "settings/settings.h"

/* A pool as it is now. */
struct policy_view {
	uint32_t starting; /* forked, not ready yet           */
	uint32_t idle;     /* ready and without a session     */
	uint32_t busy;     /* with a session                  */
	uint64_t now_ns;
	uint64_t not_before_ns; /* throttled until then       */
};

struct policy_order {
	uint32_t spawn;
	uint32_t retire;   /* idle ones                                          */
	uint64_t again_ns; /* look again then (CLOCK_NEVER: when something happens) */
};

/* fork: one acceptor. event: `workers`. prefork: as Apache's: while fewer than min_spare are idle more are spawned, and the
 * busier the pool the more ahead; never over max_workers; while more than max_spare are idle one a call is retired. */
struct policy_order policy_decide(const struct pool_settings *pool, const struct policy_view *v);

/* The processes a pool starts with. */
uint32_t policy_start(const struct pool_settings *pool);

/* A process died early, for the n-th time in a row (1 is the first): how long the pool waits. The first is replaced at once,
 * then 1 s doubling to 60 s. */
uint64_t policy_throttle_ns(uint32_t failures_in_a_row);

/* The failures of a pool in a row: early deaths and forks that failed. All zero: nothing has. */
struct policy_failures {
	uint32_t in_a_row;
	uint64_t last_ns;
	uint64_t not_before_ns; /* throttled until */
};

/* The life of a process that died unexpectedly. */
struct policy_life {
	uint64_t started_ns, died_ns;
	uint64_t served;   /* sessions that it has ended */
	uint32_t sessions; /* that it had                */
	bool ready;        /* it had said so             */
};

/* Counts a death. It is early at the start of the process, within a second of it, or in its first sessions within 10 s.
 * Processes that were all there when one died early count once, and what was 10 s before is not in a row with it. A death
 * that is not early ends the row. Returns how long the pool waits, in ns. */
uint64_t policy_died(struct policy_failures *f, const struct policy_life *life);

/* Counts a fork that failed, after which a pool waits for a second at least. Returns how long, in ns. */
uint64_t policy_fork_failed(struct policy_failures *f, uint64_t now_ns);
