/* SPDX-License-Identifier: MIT */
/* The processes of a pool, or those of a generation that are no workers. */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "generation/fleet.h"

/* Forks n more. 0 or -errno. */
int pool_spawn(struct generation *g, uint32_t which, uint32_t n) must_check;

/* Spawns and retires in all of them, as policy.c says. When to look again. */
uint64_t pools_fill(struct generation *g);

/* The processes of a pool, by what they are doing. */
struct pool_count {
	uint32_t starting, idle, busy, draining;
	uint64_t sessions; /* of all of them */
};

/* which: a pool's index, CHILD_RESOLVER or CHILD_METRICS. */
struct pool_count pool_count(const struct generation *g, uint32_t which);
