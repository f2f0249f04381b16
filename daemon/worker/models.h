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
	bool shares;                                                   /* goes on accepting while it serves                 */
	uint32_t (*capacity)(const struct pool_settings *pool);        /* sessions at once in one worker                    */
	int (*prepare)(struct worker *w);                              /* NULL: nothing to do                               */
	void (*admitted)(struct worker *w, const struct admission *a); /* serve it; a->fd and a->slot are the model's now   */
	void (*updated)(struct worker *w);                             /* how full it is, or whether it serves, changed     */
	void (*ended)(struct worker *w);                               /* a session ended                                   */
	void (*look)(struct worker *w);                                /* some session has a kill mark                      */
	void (*end)(struct worker *w);                                 /* end all sessions now                              */
};

extern const struct worker_model fork_model, prefork_model, event_model;
extern const struct worker_model *const worker_models[]; /* by enum pool_model */

/* fork: in the child, when its session is over (its connection may linger). */
void fork_child_session_over(struct worker *w);
