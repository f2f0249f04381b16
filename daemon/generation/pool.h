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
