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
#define POOL_DEATHS_NOBODY UINT32_MAX /* the row of a pool for which there was no room */

#define POOL_DEATHS_CAUSES(X)                                                                                               \
	X(EXIT, "exit")   /* it ended by itself, and not well                       */                                      \
	X(STUCK, "stuck") /* it gave no sign of life and was killed by us           */                                      \
	X(KILL, "kill")   /* by somebody else, or by the kernel for want of memory  */                                      \
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

/* The row of a pool, a new one if it has none. One process calls it, the supervisor. */
uint32_t pool_deaths_row(struct pool_deaths *c, const char *pool);

/* The same for anybody; POOL_DEATHS_NOBODY if it has none. */
uint32_t pool_deaths_find(const struct pool_deaths *c, const char *pool);

/* signal: what it died of; 0: it exited. A row that is none counts nowhere. */
void pool_deaths_add(struct pool_deaths_counts *d, uint32_t row, int signal);
void pool_deaths_add_stuck(struct pool_deaths_counts *d, uint32_t row);

const char *pool_deaths_cause_name(enum pool_deaths_cause cause);
