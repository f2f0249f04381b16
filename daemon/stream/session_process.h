/* SPDX-License-Identifier: MIT */
/*
 * The process of one session of the fork model, forked by an acceptor.
 *
 * Process: it ends with its connection, says in its slot that the session is over, and leaves the rest to its acceptor. It
 * watches the supervisor's life pipe (a death signal would fire when the acceptor dies, and take every session
 * along) and a kill mark announced by SIGUSR1, and gives a sign of life in its slot.
 */
#pragma once

#include "worker/model.h"
#include "worker/worker.h"

/* Data that a child takes over from its acceptor. */
struct session_inheritance {
	const struct admitted *admitted; /* its connection and slot, which the acceptor owned                     */
	int signals_fd;                  /* SIGUSR1 and SIGCHLD, blocked and read here                            */
	int over_fd;                     /* an eventfd of the acceptor's: the connection has outlived its session */
	int log_fd;
};

/* Runs the child, right after the fork. w: the acceptor's worker, which becomes the child's own. */
_Noreturn void session_process_run(struct worker *w, const struct session_inheritance *i);
