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

#include "base/addr.h"
#include "base/attr.h"
#include "admission/table.h"
#include "worker/worker.h"

/* A connection under all caps. */
struct admission {
	int fd;
	const struct listener *listener;
	struct table_slot *slot;
	struct addr peer;
};

/* For worker w's session listeners; waits for nothing yet. 0 and w->acceptor, or -errno. */
int acceptor_new(struct worker *w) must_check;

/* From now on connections are taken, or no more. Before it stops for good it looks once more: an exclusive wake-up may have
 * been meant for this process. */
int acceptor_open(struct acceptor *a) must_check;
void acceptor_shut(struct acceptor *a);

/* The worker is full, or has room again: connections wait in the backlog meanwhile. */
void acceptor_set_full(struct acceptor *a, bool full);

/* Waits for connections as well as for the worker's loop, and handles what came. */
int acceptor_turn(struct acceptor *a) must_check;

/* What a session's caps are, from a listener's settings. */
struct table_request acceptor_request(const struct worker *w, const struct listener *l, const struct addr *peer);

/* Has a connection from there admitted by a listener: lists, rates, caps. *slot is set on REFUSED_NOT. A balancer's is
 * admitted without a source; its header says later who that is (header.h). */
enum refusal acceptor_admit(struct worker *w, const struct listener *l, const struct addr *peer, struct table_slot **slot);

/* Closes a connection that is not admitted with a reset, counted under its reason. */
void acceptor_refuse(struct worker *w, const struct admission *a, enum refusal why);
