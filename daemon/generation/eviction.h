/* SPDX-License-Identifier: MIT */
/*
 * Room in a full pool: its idle sessions go when their listeners' idle_timeout_busy is over; and when connections have
 * waited for as long as the pool's `patience`, sessions that are not idle, as admission/evict.h says.
 *
 * Process: a worker that finds its pool full says so, once; from then on the supervisor looks several times a second, until
 * there is room again.
 */
#pragma once

#include <stdint.h>

#include "generation/fleet.h"

/* Marks sessions to end for those who wait, in all pools. When to look again. */
uint64_t eviction_look(struct generation *g);

/* Once a second: marks those who are idle for too long in full pools, and logs how many had to go. */
void eviction_watch(struct generation *g, uint64_t now_ns);

/* The two ways to make room in a full pool: mark a sixteenth of its sessions at most, the longest idle; or as many of those
 * that go first by evict.h, none if there is no memory for their list. */
void eviction_end_idle(struct generation *g, uint32_t pool, uint64_t now_ns);
void eviction_make(struct generation *g, uint32_t pool, size_t most);
