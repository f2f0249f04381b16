/* SPDX-License-Identifier: MIT */
/* A generation, from its plan to the end of its last process. It owns its settings, its copies of the listeners'
 * descriptors, its processes and the resolvers' socketpair. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "generation/fleet.h"

/* One without settings, sockets or processes; NULL: out of memory. */
struct generation *generation_alloc(struct fleet *f);

/* Plans and opens. before: the generation whose unchanged listeners are taken over, or NULL. On failure -errno, nothing is
 * left behind and `why` says what was not possible; the settings stay the caller's. */
int generation_new(struct fleet *f, struct settings *settings, const struct generation *before, struct generation **ret,
		   struct text *why) must_check;

/* Sets the generation's places in shared memory, which follow from its number. */
void generation_place_gauges(struct generation *g);

/* Forks the processes it starts with. 0 or -errno. */
int generation_start(struct generation *g) must_check;

bool generation_is_ready(const struct generation *g);
bool generation_is_drained(const struct generation *g);

/* Tells the workers to serve. */
void generation_go(struct generation *g);
/* Tells the workers to take nothing new; they have until deadline_ns for the sessions they have. */
void generation_drain(struct generation *g, uint64_t deadline_ns);
/* Gives up settings, listeners (sockets_close() first) and limits: the generation begins nothing any more. */
void generation_retire(struct generation *g);
/* Ends, or kills, the processes that are left. */
void generation_end(struct generation *g);
void generation_kill(struct generation *g);

/* Deals datagram sockets without a living reader to living workers. */
void generation_deal_readers(struct generation *g);

/* True: workers are left, or sessions whose acceptor died. Resolvers do not count. */
bool generation_has_workers(const struct generation *g);

/* True: a question waits for its resolvers. */
bool generation_has_questions(const struct generation *g);

/* The number of its processes; those of fork's sessions are their acceptor's. */
uint32_t generation_count(const struct generation *g);

/* Called when the generation has no process left. */
void generation_free(struct generation *g);
