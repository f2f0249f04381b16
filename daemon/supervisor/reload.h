/* SPDX-License-Identifier: MIT */
/*
 * From one generation to the next: the first start, and every reload, as one transaction.
 *
 * Read and check everything, open what is new, start all processes; only when all are ready the old generation stops
 * accepting, and only when it has confirmed that (a datagram socket has one reader) the new one goes. Any failure before
 * leaves the old one serving. The last that can fail is that new sockets take the place of old ones at the same port.
 */
#pragma once

#include "base/attr.h"
#include "supervisor/core.h"

#define RELOAD_READY_NS (5 * CLOCK_S_NS)   /* for all processes of a coming generation       */
#define RELOAD_CONFIRM_NS (1 * CLOCK_S_NS) /* for the old workers to say that they have stopped */
#define RELOAD_EMPTY_NS (1 * CLOCK_S_NS)   /* for the old workers to empty the queues of replaced sockets */
#define RELOAD_LOOK_NS (2 * CLOCK_MS_NS)   /* between looks whether they have                   */

#define RELOAD_OTHER_IDENTITY "`user` and `group` change by a restart only"

/* True: the settings name the user and group that the process has become. */
bool reload_keeps_identity(const struct supervisor *s, const struct settings *settings);

/* Starts the processes of s->coming. 0, or -errno and there is no coming generation any more. */
int reload_begin(struct supervisor *s);

/* Processes of generations that drain. What is left of the oldest ones ends early when reloads that come faster than
 * sessions end make more of them: there are records for so many beside those of two generations. */
#define RELOAD_DRAINING_MAX 2000

/* Generations that gave way to one of the same settings (lost.h) may drain as long as their sessions last. Now they have
 * their drain_timeout: what comes is another, or the end. */
void reload_bound_drains(struct supervisor *s);

typedef void reload_retire_fn(struct supervisor *s, struct generation *g);

/* Takes the steps that have become possible: begins a wanted reload, refuses one that failed, switches. retire takes the
 * old generation. */
void reload_advance(struct supervisor *s, reload_retire_fn *retire);
