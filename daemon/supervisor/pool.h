/* SPDX-License-Identifier: MIT */
/* The processes of a pool, or those of a generation that are no workers. */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "settings/settings.h"

struct generation;

struct pool {
	char name[SETTINGS_NAME_MAX];
	enum pool_model model;
	uint32_t failures;      /* processes in a row that died before they had done anything */
	uint64_t failed_ns;     /* the last of them */
	uint64_t not_before_ns; /* throttled until  */
};

/* which: a pool's index, CHILD_RESOLVER or CHILD_METRICS. */
struct pool *pool_of(struct generation *g, uint32_t which);

/* Forks n more. 0 or -errno. */
int pool_spawn(struct generation *g, uint32_t which, uint32_t n) must_check;

/* Spawns and retires in all of them, as policy.c says. When to look again. */
uint64_t pools_fill(struct generation *g);
