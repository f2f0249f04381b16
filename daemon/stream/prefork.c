/* SPDX-License-Identifier: MIT */
/*
 * The prefork model: pre-spawned workers, each with one session at a time, replaced after a number of them.
 *
 * Process: a worker with a session waits for that session and the supervisor only. When too few idle workers are left it
 * says so, once: the gauge is a hint, the supervisor counts the records itself.
 */
#include "stream/acceptor.h"
#include "stream/client_serve.h"
#include "stream/models.h"
#include "stream/sessions.h"

static uint32_t capacity(const struct pool_settings *pool)
{
	(void)pool;
	return 1;
}

/* Counts itself among the idle workers, or no more. */
static void updated(struct worker *w, bool full)
{
	bool idle = w->phase == WORKER_SERVING && !w->sessions;

	acceptor_set_full(w->acceptor, full);
	if (idle == w->counted_idle)
		return;
	w->counted_idle = idle;
	int32_t n = atomic_fetch_add_explicit(&w->gauge->idle, idle ? 1 : -1, memory_order_relaxed) - !idle;
	if (!idle && n < (int32_t)w->pool->min_spare && !atomic_exchange_explicit(&w->gauge->told, 1, memory_order_relaxed))
		channel_send(w->channel.fd, CHANNEL_SPARE);
	if (!idle && n <= 0)
		worker_tell_full(w);
}

static void ended(struct worker *w)
{
	if (w->pool->sessions_per_worker && w->served >= w->pool->sessions_per_worker)
		w->drain(w);
}

const struct worker_model prefork_model = {
	.capacity = capacity,
	.admitted = client_serve,
	.updated = updated,
	.ended = ended,
	.look = sessions_look,
	.end = sessions_end_all,
};
