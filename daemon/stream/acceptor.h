/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets in a worker: waiting on them, taking connections, having them admitted.
 *
 * Listeners are waited on with EPOLLEXCLUSIVE, so that a connection wakes one process. A worker that can take another
 * connection while it serves (event) has them in its own loop; one that cannot (prefork, fork) has them in a second epoll,
 * which it waits on only while it is not full: an exclusive wake-up then goes to processes that will accept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "admission/refusal.h"
#include "worker/model.h"
#include "worker/worker.h"

/* Makes the acceptor of w's session listeners, which waits for nothing yet. 0 and w->acceptor, or -errno. */
int acceptor_new(struct worker *w) must_check;

/* Connections are taken from now on, or no more. Before the acceptor stops for good it looks once more: an exclusive
 * wake-up may have been meant for this process. */
int acceptor_open(struct acceptor *a) must_check;
void acceptor_shut(struct acceptor *a);

/* The worker is full, or has room again: connections wait in the backlog meanwhile. */
void acceptor_set_full(struct acceptor *a, bool full);

/* The same, and the supervisor is told when the pool may be full: a model's `updated`. */
void acceptor_update(struct worker *w, bool full);

/* Waits for connections as well as for the worker's loop, and handles what came. */
int acceptor_turn(struct acceptor *a) must_check;

/* Closes a connection that is not admitted with a reset, counted under its reason. */
void acceptor_refuse(struct worker *w, const struct admitted *a, enum refusal why);
