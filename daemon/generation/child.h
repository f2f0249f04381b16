/* SPDX-License-Identifier: MIT */
/* A process that the supervisor forked: a worker or a resolver, from fork to grave. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "generation/fleet.h"

/* Forks a worker of a pool, or a resolver, and adds it to its generation. 0 or -errno. */
int child_spawn(struct generation *g, uint32_t pool) must_check;

/* Adopts a process that the program before had forked, as that knew it. 0, also where the process is dead and nothing is
 * added; or -errno. */
int child_adopt(struct generation *g, const struct child *like, bool is_strange) must_check;

/* After a way back from a program that failed: ends the processes that it had started, and those whose first word it heard
 * instead of us. */
void child_end_strays(struct fleet *f);

/* A child of this process that is not waited for yet: its pid is nobody else's. */
bool child_is_ours(pid_t pid);

/* True: it is a worker of one of the settings' pools. */
bool child_is_worker(const struct child *c);

/* The name of the process's pool. */
const char *child_pool_name(const struct child *c);

/* Sends a word to the process. Never waits. */
void child_tell(struct child *c, enum channel_word word);

/* The process is dead, and its pid not waited for yet: logs an unexpected end, frees what it held, and the structure. */
void child_bury(struct child *c, const siginfo_t *info);
