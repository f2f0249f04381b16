/* SPDX-License-Identifier: MIT */
/*
 * The three process models: who serves an admitted connection, and how many at once.
 *
 *     fork      one acceptor a pool forks a child per session
 *     prefork   each pre-spawned worker serves one session at a time
 *     event     each worker serves thousands
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "worker/acceptor.h"
#include "worker/worker.h"

struct worker_model {
	bool shares; /* it goes on accepting while it serves */
	/* Sessions at once in one worker. */
	uint32_t (*capacity)(const struct pool_settings *pool);
	/* At the worker's start. NULL: nothing to do, as for updated and ended. */
	int (*prepare)(struct worker *w);
	/* A connection came: what is over is freed, before it is judged. NULL: nothing to do. */
	void (*accepted)(struct worker *w);
	/* Serves the connection; a->fd and a->slot are the model's now. */
	void (*admitted)(struct worker *w, const struct admission *a);
	/* How full it is, or whether it serves, has changed. */
	void (*updated)(struct worker *w);
	/* A session has ended. */
	void (*ended)(struct worker *w);
	/* Some session has a kill mark. */
	void (*look)(struct worker *w);
	/* All sessions end now. */
	void (*end)(struct worker *w);
};

extern const struct worker_model fork_model, prefork_model, event_model;
extern const struct worker_model *const worker_models[]; /* by enum pool_model */
