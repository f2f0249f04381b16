/* SPDX-License-Identifier: MIT */
/*
 * The prefork model: pre-spawned workers, each with one session at a time, replaced after a number of them.
 *
 * Process: a worker with a session waits for that session and the supervisor only. When too few idle workers are left it says so, once: the
 * gauge is a hint, the supervisor counts the records itself.
 */
#include "worker/client.h"
#include "worker/models.h"
#include "worker/sessions.h"

static uint32_t capacity(const struct pool_settings *pool)
{
	(void)pool;
	return 1;
}

static void began(struct worker *w)
{
	int32_t idle = atomic_fetch_sub_explicit(&w->gauge->idle, 1, memory_order_relaxed) - 1;

	if (idle < (int32_t)w->pool->min_spare && !atomic_exchange_explicit(&w->gauge->told, 1, memory_order_relaxed))
		worker_tell(w, WORD_SPARE);
}

static void ended(struct worker *w)
{
	if (w->pool->sessions_per_worker && w->served >= w->pool->sessions_per_worker)
		worker_drain(w);
	else if (!w->draining)
		atomic_fetch_add_explicit(&w->gauge->idle, 1, memory_order_relaxed);
}

static void end(struct worker *w)
{
	sessions_end_all(w, SESSION_END_DRAIN);
}

const struct worker_model prefork_model = {
	.capacity = capacity,
	.admitted = client_start,
	.began = began,
	.ended = ended,
	.look = sessions_look,
	.end = end,
};
