/* SPDX-License-Identifier: MIT */
/*
 * The fleet: all processes of the daemon, the generations they belong to, and what they share.
 *
 * A generation is one set of settings with its listeners and its processes. Settings reach workers by fork only, so a reload
 * makes a new generation beside the old one. It opens its listeners (unchanged ones are the same sockets), starts its
 * processes, which wait until all are ready; then the old one stops accepting, and the new one is told to go. One that has
 * gone keeps what its processes need to end, and no more: reloads may come faster than sessions end.
 *
 * These are the data of this room. What is done to a process is in child.h, to a pool in pool.h, to a generation in
 * generation.h; the supervisor, which puts them together, is told through `changed`.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "admission/evict.h"
#include "base/attr.h"
#include "base/loop.h"
#include "base/rest.h"
#include "generation/counter_rates.h"
#include "generation/labels.h"
#include "generation/limits_memory.h"
#include "generation/policy.h"
#include "generation/records.h"
#include "generation/reload_result.h"
#include "net/adopt.h"
#include "net/listener.h"
#include "settings/settings.h"
#include "shared/pool_deaths.h"
#include "shared/shared.h"
#include "worker/worker.h"

/* In the place of a pool's index: what is no worker. */
#define CHILD_RESOLVER UINT32_MAX
#define CHILD_METRICS (UINT32_MAX - 1)

/* A process that was forked here: a worker, a resolver, or the one that shows metrics. */
struct child {
	struct loop_source channel; /* our end */
	struct generation *generation;
	uint32_t pool; /* index, CHILD_RESOLVER or CHILD_METRICS */
	uint32_t record;
	pid_t pid;
	uint64_t started_ns;
	uint64_t served_were; /* of its record, when eviction.c looked last */
	bool ready;           /* it has said so                      */
	bool drained;         /* it accepts and reads nothing new    */
	bool told;            /* to drain: it is no idle worker      */
	bool stuck;           /* it was killed for that              */
	bool strange;         /* of a program before, with another layout of shared memory: its record is ours alone */
	struct child *next;   /* of its generation */
};

/* Room in a full pool: eviction.c's. */
struct eviction {
	enum { EVICTION_THERE, EVICTION_TIGHT, EVICTION_OUT } state; /* tight: it was out a moment ago         */
	uint64_t looked_ns;     /* out: when it was looked at last                                  */
	uint64_t again_ns;      /* tight, out: when it is looked at again                           */
	struct evict_debt debt; /* out                                                              */
	uint32_t guess;         /* out: how many wait where the kernel only says whether any do     */
	uint64_t ended_n;       /* sessions that had to go, ever                                    */
	struct labels_said said;
};

/* A pool of a generation: who its processes are is `children`. */
struct pool {
	char name[SETTINGS_NAME_MAX];
	enum pool_model model;
	struct policy_failures failures;
	struct eviction eviction;
};

/* The life of a generation. Each but FAILED comes after those above it. */
enum generation_phase {
	GENERATION_COMING,      /* its processes start, and wait                                              */
	GENERATION_FAILED,      /* one of them ended before it was ready: it does not come                    */
	GENERATION_HANDED_OVER, /* a program before started it: its workers serve, but without settings it begins nothing */
	GENERATION_SERVING,     /* its workers serve, and are made good when they die                         */
	GENERATION_DRAINING,    /* its workers take nothing new                                               */
	GENERATION_ENDING,      /* its processes have been told to end                                        */
};

struct generation {
	struct fleet *fleet;
	enum generation_phase phase;
	struct generation *next; /* among the draining ones */
	uint32_t number;
	struct settings *settings; /* NULL: it has gone, or was handed over */
	struct limits_memory *limits;
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
};

/* The state of the search for sockets that no client reaches any more: lost.h. */
struct lost {
	bool met;                /* by a worker */
	bool found;              /* sockets were bound anew, and the current generation's workers have them not */
	uint64_t looked_ns;      /* the last time */
	struct rest generations; /* that were made for that */
	struct rest metrics_retry;
	enum cure metrics_cure;
};

struct fleet {
	const char *file; /* the configuration */
	struct loop loop;
	/* Something has happened that may have made a step possible: a word from a process, a command. */
	void (*changed)(struct fleet *f);
	struct shared *shared;
	int shared_fd; /* of its memory */
	/* Sizes, keys and owners are private: every process that shares the memory can write there. */
	struct table table;
	uint64_t secret;               /* of the table */
	struct pool_deaths pool_names; /* whose deaths are counted */
	struct records records;
	struct labels labels;
	struct adopt passed; /* by the service manager, for life */
	int life[2];         /* workers hold the reading end; nothing is ever written */
	/* draining: a list, the youngest first */
	struct generation *current, *coming, *draining;
	uint32_t generations; /* the number of the last one */
	struct counter_rates rates;
	struct lost lost;
	struct reload_result result;                            /* of the last reload */
	char user[SETTINGS_NAME_MAX], group[SETTINGS_NAME_MAX]; /* of the settings that it started with */
	pid_t pid;                                              /* the supervisor's own */
	pid_t checker;                                          /* tries the next program (upgrade.h); 0: nobody does */
	struct timespec started;
	uint64_t started_ns;
	uint64_t lost_told; /* lines of the log that are known to be lost */
	bool reload_wanted, stopping;
};

/* Maps what all processes share: what f->shared_fd is, or, if that is -1, new memory. With new memory comes a new secret; of
 * other memory f->secret is to be set. 0 or -errno. */
int fleet_share(struct fleet *f) must_check;

/* Of a generation. which: a pool's index, CHILD_RESOLVER or CHILD_METRICS. */
struct pool *fleet_pool(struct generation *g, uint32_t which);

/* The child of a pid in all generations; NULL: none (a session child whose acceptor died). */
struct child *fleet_child(struct fleet *f, pid_t pid);
