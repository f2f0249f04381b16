/* SPDX-License-Identifier: MIT */
/*
 * Whose session ends when all places are taken and others wait for one: pure. room.c carries it out.
 *
 * How many: of those who wait each shall have a place within `patience`. So every moment that somebody waits adds to what is
 * due, every session that ends by itself pays for one, and only what is left is taken from the sessions that go on.
 * Which: of the source that has the most of them the slowest, again and again.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* One pool's, zeroed when nobody waits. */
struct evict_debt {
	uint64_t due_ns;  /* of waiting, not paid yet              */
	uint64_t ordered; /* to end, and not seen to have ended yet */
};

/* The events since the last look. */
struct evict_view {
	uint64_t span_ns;     /* how long that is                    */
	uint64_t patience_ns; /* not 0                               */
	uint32_t waiting;     /* connections                         */
	uint64_t ended;       /* sessions that ended, for any reason */
};

/* The number of sessions that are to end now; they count as ordered. */
uint32_t evict_due(struct evict_debt *d, const struct evict_view *v);

struct evict_session {
	uint64_t source; /* the same number for those of one source */
	uint64_t age_ns;
	uint64_t bytes; /* in both directions            */
	uint64_t tag;   /* the caller's: which one it is */
	uint32_t level; /* evict_order's own             */
};

/* Puts them in the order in which they end. A source gives one as long as no other has more of those that are left; of
 * several that could be next, in one source or more, it is the one with the fewest bytes for its time, but one younger than
 * young_ns only when all of them are. */
void evict_order(struct evict_session *list, size_t n, uint64_t young_ns);
