/* SPDX-License-Identifier: MIT */
/*
 * The event model: one worker per core, thousands of sessions in each.
 *
 * Process: listeners are in the worker's own loop; a worker that is full leaves them to the others.
 */
#include "stream/acceptor.h"
#include "stream/client_serve.h"
#include "stream/models.h"
#include "stream/sessions.h"

/* The pool's sessions are dealt evenly over its workers, of which there are no more than sessions. */
static uint32_t capacity(const struct pool_settings *pool)
{
	return pool->max_sessions / pool->workers;
}

const struct worker_model event_model = {
	.shares = true,
	.capacity = capacity,
	.admitted = client_serve,
	.updated = acceptor_update,
	.look = sessions_look,
	.end = sessions_end_all,
};
