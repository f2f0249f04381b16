/* SPDX-License-Identifier: MIT */
/*
 * Pools by name, and how their processes died, over all generations, whatever place a pool has in the settings of the
 * moment. The names are the supervisor's, and inherited by who shows them; the counts are shared.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/attr.h"

#define CENSUS_POOLS_MAX 64
#define CENSUS_NAME_MAX 64
#define CENSUS_NOBODY UINT32_MAX /* the row of a pool for which there was no room */

#define CENSUS_CAUSES(X)                                                                                                    \
	X(EXIT, "exit")   /* it ended by itself, and not well                       */                                      \
	X(STUCK, "stuck") /* it gave no sign of life and was killed by us           */                                      \
	X(KILL, "kill")   /* by somebody else, or by the kernel for want of memory  */                                      \
	X(SEGV, "segv")                                                                                                     \
	X(ABRT, "abrt")                                                                                                     \
	X(BUS, "bus")                                                                                                       \
	X(SYS, "sys") /* a system call that it may not make */                                                              \
	X(OTHER, "other")

#define CENSUS_ENUM(name, text) CENSUS_##name,
enum census_cause { CENSUS_CAUSES(CENSUS_ENUM) CENSUS_CAUSES_N };
#undef CENSUS_ENUM

struct census {
	char names[CENSUS_POOLS_MAX][CENSUS_NAME_MAX];
	uint32_t n;
};

struct census_deaths {
	_Atomic uint64_t n[CENSUS_POOLS_MAX][CENSUS_CAUSES_N];
};

/* The row of a pool, a new one if it has none. One process calls it, the supervisor. */
uint32_t census_row(struct census *c, const char *pool);

/* The same for anybody; CENSUS_NOBODY if it has none. */
uint32_t census_find(const struct census *c, const char *pool);

/* signal: what it died of; 0: it exited. A row that is none counts nowhere. */
void census_count_death(struct census_deaths *d, uint32_t row, int signal);
void census_count_stuck(struct census_deaths *d, uint32_t row);

const char *census_cause_name(enum census_cause cause);
