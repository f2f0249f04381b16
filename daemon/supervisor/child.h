/* SPDX-License-Identifier: MIT */
/* A process that the supervisor forked: a worker or a resolver, from fork to grave. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/loop.h"
#include "worker/worker.h"

/* In the place of a pool's index: what is no worker. */
#define CHILD_RESOLVER UINT32_MAX
#define CHILD_METRICS (UINT32_MAX - 1)

struct generation;
struct supervisor;

struct child {
	struct loop_source channel; /* our end */
	struct supervisor *supervisor;
	struct generation *generation;
	uint32_t pool; /* index, CHILD_RESOLVER or CHILD_METRICS */
	uint32_t record;
	pid_t pid;
	uint64_t started_ns;
	uint64_t served_were; /* of its record, when room.c looked last */
	bool ready;           /* it has said so                      */
	bool drained;         /* it accepts and reads nothing new    */
	bool told;            /* to drain: it is no idle worker      */
	bool stuck;           /* it was killed for that              */
	bool strange;         /* of a program before, with another layout of shared memory: its record is ours alone */
	struct child *next;   /* of its generation */
};

/* Forks a worker of a pool, or a resolver, and adds it to its generation. 0 or -errno. */
int child_spawn(struct generation *g, uint32_t pool) must_check;

/* A process that a program before forked, as it knew it. Not any more: 0, and nothing is added. */
int child_adopt(struct generation *g, const struct child *like, bool is_strange) must_check;

/* After a way back from a program that failed: ends the processes that it had started, and those whose first word it heard
 * instead of us. */
void child_end_strays(struct supervisor *s);

/* It serves clients, and what is said of pools holds for its pool. */
bool child_is_worker(const struct child *c);

/* The name of its pool, or what else it is. */
const char *child_pool_name(const struct child *c);

/* A word to it. Never waits. */
void child_tell(struct child *c, enum channel_word word);

/* The child of a pid in all generations; NULL: none (a session child whose acceptor died). */
struct child *child_find(struct supervisor *s, pid_t pid);

/* It is dead: says so where that is news, frees all it held, and the structure. Before its pid is waited for. */
void child_bury(struct child *c, const siginfo_t *info);
