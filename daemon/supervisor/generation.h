/* SPDX-License-Identifier: MIT */
/*
 * A generation: one set of settings with its listeners and its processes.
 *
 * Settings reach workers by fork only, so a reload makes a new generation beside the old one. It opens its listeners
 * (unchanged ones are the same sockets), starts its processes, which wait until all are ready; then the old one stops
 * accepting, and the new one is told to go. One that has gone keeps what its processes need to end, and no more: reloads
 * may come faster than sessions end.
 * Owns: the settings, copies of the listeners' descriptors, the processes, the resolver's socketpair.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "net/listener.h"
#include "supervisor/child.h"
#include "supervisor/limiting.h"
#include "supervisor/pool.h"
#include "supervisor/supervisor.h"
#include "worker/worker.h"

struct generation {
	struct supervisor *supervisor;
	struct generation *next; /* among the draining ones */
	uint32_t number;
	struct settings *settings; /* NULL: it begins nothing (it has gone, or a program before started it) */
	struct limiting *limiting;
	struct listener *listeners;
	size_t listeners_n;
	struct labels_rows rows; /* of its listeners, also when it has none any more: its processes count there */
	struct worker_plan plan;
	struct pool pools[SETTINGS_POOLS_MAX];
	bool used[SETTINGS_POOLS_MAX];
	struct pool resolvers, metrics;
	uint32_t resolvers_wanted;
	int questions[2];          /* resolvers read [0], workers write [1] */
	int metrics_fd;            /* listens for who asks for metrics; -1: nobody may */
	struct addr metrics_at;    /* where that was asked for */
	uint64_t drain_timeout_ns; /* of its settings, which it outlives */
	struct child *children;
	uint64_t deadline_ns; /* coming: to be ready; draining: to be gone */
	uint64_t empty_by_ns; /* coming, with its sockets in their places: when the queues of those before are given up */
	bool orphaned;        /* an acceptor has died: sessions may have outlived it (orphans.h) */
	bool serving, drain_asked, ending, failed;
};

/* One without settings, sockets or processes; NULL: out of memory. */
struct generation *generation_alloc(struct supervisor *s);

/* Plans and opens. before: the generation whose unchanged listeners are taken over, or NULL. On failure -errno, nothing is
 * left behind and `why` says what was not possible; the settings stay the caller's. */
int generation_new(struct supervisor *s, struct settings *settings, const struct generation *before, struct generation **ret,
		   struct text *why) must_check;

/* Its places in shared memory follow from its number. */
void generation_place_gauges(struct generation *g);

/* Forks the processes it starts with. 0 or -errno. */
int generation_start(struct generation *g) must_check;

bool generation_is_ready(const struct generation *g);
bool generation_is_drained(const struct generation *g);

/* Its workers serve from now on. */
void generation_go(struct generation *g);
/* Its workers accept and read nothing new, and have until deadline_ns for what they have. */
void generation_drain(struct generation *g, uint64_t deadline_ns);
/* It begins nothing any more: settings, listeners (sockets_close() first) and limits are given up. */
void generation_retire(struct generation *g);
/* What is left ends now. */
void generation_end(struct generation *g);
void generation_kill(struct generation *g);

/* Deals datagram sockets without a living reader to living workers. */
void generation_deal_readers(struct generation *g);

/* It has workers left, resolvers apart, or sessions whose acceptor died. */
bool generation_has_workers(const struct generation *g);

/* Some question waits for its resolvers. */
bool generation_has_questions(const struct generation *g);

/* How many processes it has; sessions of the fork model are its acceptor's. */
uint32_t generation_count(const struct generation *g);

/* When it has no process left. */
void generation_free(struct generation *g);
