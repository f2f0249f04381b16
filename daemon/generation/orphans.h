/* SPDX-License-Identifier: MIT */
/*
 * Session children of the fork model whose acceptor has died: they go on serving, and the supervisor, their new parent,
 * drains and ends them in its place.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "generation/fleet.h"
#include "worker/worker.h"

/* Some session of a generation is served by an orphan. Costs a look at the session table where an acceptor has died, else
 * nothing. */
bool orphans_are_left(const struct generation *g);

/* Kills those that have given no sign of life for too long. now_ns: of CLOCK_MONOTONIC; was_stopped: nobody is judged by the
 * time that the supervisor itself has missed. */
void orphans_check_lives(struct generation *g, uint64_t now_ns, bool was_stopped);

/* Each gets the signal (SIGUSR1: look at your kill mark), and before it the mark, if that is not KILL_NOT. */
void orphans_signal(struct generation *g, int sig, enum kill_mark mark);
