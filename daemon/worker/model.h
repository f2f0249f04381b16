/* SPDX-License-Identifier: MIT */
/*
 * The process models: who serves an admitted connection, and how many at once.
 *
 *     fork      one acceptor a pool forks a child per session
 *     prefork   each pre-spawned worker serves one session at a time
 *     event     each worker serves thousands
 *     single    the process has one session and ends with it: a child of the fork model's acceptor, inetd style
 *
 * A worker is given its model when it starts, and calls it through this table.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct listener;
struct pool_settings;
struct table_slot;
struct worker;

/* A connection that all lists, rates and caps have admitted. */
struct admitted {
	int fd;
	const struct listener *listener;
	struct table_slot *slot;
	struct addr peer;
};

struct worker_model {
	bool shares;    /* the process goes on accepting while it serves                                        */
	bool is_single; /* the process ends with its one session's connection                                   */
	bool is_reaped; /* ... and leaves freeing the slot to who reaps it, and closing the connection to its end */
	/* Sessions at once in one worker. NULL where no pool's settings say. */
	uint32_t (*capacity)(const struct pool_settings *pool);
	/* Prepares the model at the worker's start. NULL: nothing to do. */
	int (*prepare)(struct worker *w);
	/* A connection came: frees what is over before the connection is judged. NULL: nothing to do. */
	void (*accepted)(struct worker *w);
	/* Serves the connection; a->fd and a->slot are the model's now. NULL where none is accepted. */
	void (*admitted)(struct worker *w, const struct admitted *a);
	/* Called when how full the worker is, or whether it serves, has changed. NULL: no other process is told. */
	void (*updated)(struct worker *w, bool full);
	/* A session has ended; its connection may linger. NULL: nothing to do. */
	void (*ended)(struct worker *w);
	/* A session has a kill mark. */
	void (*look)(struct worker *w);
	/* All sessions end now. */
	void (*end)(struct worker *w);
};
