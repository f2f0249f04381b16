/* SPDX-License-Identifier: MIT */
/* Pools by name, and how their processes died. */
#include "session/census.h"

#include <signal.h>
#include <string.h>

#include "base/text.h"

uint32_t census_find(const struct census *c, const char *pool)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (strcmp(c->names[i], pool) == 0)
			return i;
	return CENSUS_NOBODY;
}

uint32_t census_row(struct census *c, const char *pool)
{
	uint32_t row = census_find(c, pool);

	if (row != CENSUS_NOBODY || c->n == CENSUS_POOLS_MAX || text_copy(c->names[c->n], CENSUS_NAME_MAX, pool) < 0)
		return row;
	return c->n++;
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

static void count(struct census_deaths *d, uint32_t row, enum census_cause cause)
{
	if (row < CENSUS_POOLS_MAX)
		atomic_fetch_add_explicit(&d->n[row][cause], 1, memory_order_relaxed);
}

void census_count_death(struct census_deaths *d, uint32_t row, int signal)
{
	count(d, row, cause_of(signal));
}

void census_count_stuck(struct census_deaths *d, uint32_t row)
{
	count(d, row, CENSUS_STUCK);
}

const char *census_cause_name(enum census_cause cause)
{
#define NAME(name, text) [CENSUS_##name] = text,
	static const char *const names[] = { CENSUS_CAUSES(NAME) };
#undef NAME

	return names[cause];
}
