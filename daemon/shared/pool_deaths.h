/* SPDX-License-Identifier: MIT */
/*
 * Pools by name, and how their processes died, over all generations, whatever place a pool has in the settings of the
 * moment. The names are the supervisor's, and inherited by who shows them; the counts are shared.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/attr.h"

#define POOL_DEATHS_POOLS_MAX 64
#define POOL_DEATHS_NAME_MAX 64
#define POOL_DEATHS_NOBODY UINT32_MAX /* the index of a pool for which there was no room */

#define POOL_DEATHS_CAUSES(X)                                                                                               \
	X(EXIT, "exit")   /* ended by itself with a status other than 0 */                                                  \
	X(STUCK, "stuck") /* gave no sign of life and was killed by us */                                                   \
	X(KILL, "kill")   /* killed by another process, or by the kernel for want of memory */                              \
	X(SEGV, "segv")                                                                                                     \
	X(ABRT, "abrt")                                                                                                     \
	X(BUS, "bus")                                                                                                       \
	X(SYS, "sys") /* a system call that it may not make */                                                              \
	X(OTHER, "other")

#define POOL_DEATHS_ENUM(name, text) POOL_DEATHS_##name,
enum pool_deaths_cause { POOL_DEATHS_CAUSES(POOL_DEATHS_ENUM) POOL_DEATHS_CAUSES_N };
#undef POOL_DEATHS_ENUM

struct pool_deaths {
	char names[POOL_DEATHS_POOLS_MAX][POOL_DEATHS_NAME_MAX];
	uint32_t n;
};

struct pool_deaths_counts {
	_Atomic uint64_t n[POOL_DEATHS_POOLS_MAX][POOL_DEATHS_CAUSES_N];
};

/* Finds the index of a pool, or adds the pool. Called by the supervisor alone. */
uint32_t pool_deaths_add_pool(struct pool_deaths *c, const char *pool);

/* Finds the index of a pool, in any process; POOL_DEATHS_NOBODY if it has none. */
uint32_t pool_deaths_find(const struct pool_deaths *c, const char *pool);

/* Counts a death. signal: its cause; 0: the process exited. An index that is none counts nowhere. */
void pool_deaths_add(struct pool_deaths_counts *d, uint32_t index, int signal);
void pool_deaths_add_stuck(struct pool_deaths_counts *d, uint32_t index);

const char *pool_deaths_cause_name(enum pool_deaths_cause cause);
