/* SPDX-License-Identifier: MIT */
/* Pools by name, and how their processes died. */
#include "session/census.h"

#include <signal.h>
#include <string.h>

#include "base/text.h"

uint32_t census_row(struct census *c, const char *pool)
{
	for (uint32_t i = 0; i < CENSUS_POOLS_MAX; i++) {
		if (strcmp(c->pools[i].name, pool) == 0)
			return i;
		if (!c->pools[i].name[0])
			return text_copy(c->pools[i].name, CENSUS_NAME_MAX, pool) == 0 ? i : CENSUS_NOBODY;
	}
	return CENSUS_NOBODY;
}

static enum census_cause cause_of(int signal)
{
	switch (signal) {
	case 0:
		return CENSUS_EXIT;
	case SIGKILL:
		return CENSUS_KILL;
	case SIGSEGV:
		return CENSUS_SEGV;
	case SIGABRT:
		return CENSUS_ABRT;
	case SIGBUS:
		return CENSUS_BUS;
	case SIGSYS:
		return CENSUS_SYS;
	default:
		return CENSUS_OTHER;
	}
}

static void count(struct census *c, uint32_t row, enum census_cause cause)
{
	if (row < CENSUS_POOLS_MAX)
		atomic_fetch_add_explicit(&c->pools[row].deaths[cause], 1, memory_order_relaxed);
}

void census_count_death(struct census *c, uint32_t row, int signal)
{
	count(c, row, cause_of(signal));
}

void census_count_stuck(struct census *c, uint32_t row)
{
	count(c, row, CENSUS_STUCK);
}

const char *census_cause_name(enum census_cause cause)
{
#define NAME(name, text) [CENSUS_##name] = text,
	static const char *const names[] = { CENSUS_CAUSES(NAME) };
#undef NAME

	return names[cause];
}
