/* SPDX-License-Identifier: MIT */
/* Pools by name, and how their processes died. */
#include "shared/pool_deaths.h"

#include <signal.h>
#include <string.h>

#include "base/text.h"

uint32_t pool_deaths_find(const struct pool_deaths *c, const char *pool)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (strcmp(c->names[i], pool) == 0)
			return i;
	return POOL_DEATHS_NOBODY;
}

uint32_t pool_deaths_add_pool(struct pool_deaths *c, const char *pool)
{
	uint32_t index = pool_deaths_find(c, pool);

	if (index != POOL_DEATHS_NOBODY || c->n == POOL_DEATHS_POOLS_MAX ||
	    text_copy(c->names[c->n], POOL_DEATHS_NAME_MAX, pool) < 0)
		return index;
	return c->n++;
}

static enum pool_deaths_cause cause_of(int signal)
{
	switch (signal) {
	case 0:
		return POOL_DEATHS_EXIT;
	case SIGKILL:
		return POOL_DEATHS_KILL;
	case SIGSEGV:
		return POOL_DEATHS_SEGV;
	case SIGABRT:
		return POOL_DEATHS_ABRT;
	case SIGBUS:
		return POOL_DEATHS_BUS;
	case SIGSYS:
		return POOL_DEATHS_SYS;
	default:
		return POOL_DEATHS_OTHER;
	}
}

static void count_death(struct pool_deaths_counts *d, uint32_t index, enum pool_deaths_cause cause)
{
	if (index < POOL_DEATHS_POOLS_MAX)
		atomic_fetch_add_explicit(&d->n[index][cause], 1, memory_order_relaxed);
}

void pool_deaths_add(struct pool_deaths_counts *d, uint32_t index, int signal)
{
	count_death(d, index, cause_of(signal));
}

void pool_deaths_add_stuck(struct pool_deaths_counts *d, uint32_t index)
{
	count_death(d, index, POOL_DEATHS_STUCK);
}

const char *pool_deaths_cause_name(enum pool_deaths_cause cause)
{
#define NAME(name, text) [POOL_DEATHS_##name] = text,
	static const char *const names[] = { POOL_DEATHS_CAUSES(NAME) };
#undef NAME

	return names[cause];
}
