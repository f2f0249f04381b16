/* SPDX-License-Identifier: MIT */
/* The processes of a pool, or those of a generation that are no workers. */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "admission/evict.h"
#include "settings/settings.h"
#include "supervisor/labels.h"

struct generation;

/* room.c's. */
struct room {
	enum { ROOM_THERE, ROOM_TIGHT, ROOM_OUT } state; /* tight: it was out a moment ago                     */
	uint64_t looked_ns;                              /* out: when it was looked at last                    */
	uint64_t again_ns;                               /* tight, out: when it is looked at again             */
	struct evict_debt debt;                          /* out                                                */
	uint32_t guess;                                  /* out: how many wait where the kernel only says whether any do */
	uint64_t ended_n;                                /* sessions that had to go, ever                                */
	struct labels_said said;
};

struct pool {
	char name[SETTINGS_NAME_MAX];
	enum pool_model model;
	uint32_t failures;      /* processes in a row that died before they had done anything */
	uint64_t failed_ns;     /* the last of them */
	uint64_t not_before_ns; /* throttled until  */
	struct room room;
};

/* which: a pool's index, CHILD_RESOLVER or CHILD_METRICS. */
struct pool *pool_of(struct generation *g, uint32_t which);

/* Forks n more. 0 or -errno. */
int pool_spawn(struct generation *g, uint32_t which, uint32_t n) must_check;

/* Spawns and retires in all of them, as policy.c says. When to look again. */
uint64_t pools_fill(struct generation *g);
