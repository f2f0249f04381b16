/* SPDX-License-Identifier: MIT */
/* A worker process: start-up, the supervisor's words, the main loop. */
#include "process/worker_process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "worker/lookup_client.h"
#include "worker/sandbox.h"
#include "stream/acceptor.h"
#include "stream/client.h"
#include "stream/models.h"
#include "stream/sessions.h"
#include "datagram/datagram.h"

#define EXTRA_TIMERS 16
#define FEW_DESCRIPTORS 32 /* standard ones, channel, life, questions, log, epolls; what is open for a moment */

static void set_state(struct worker *w, enum record_state state)
{
	atomic_store_explicit(&w->record->state, state, memory_order_release);
}

void worker_process_drain(struct worker *w)
{
	if (w->phase >= WORKER_DRAINING)
		return;
	acceptor_shut(w->acceptor); /* may take a last connection, which is served */
	w->phase = WORKER_DRAINING;
	datagram_look(w->datagrams);
	worker_update(w);
	worker_leave_if_done(w);
}

static void go(struct worker *w)
{
	if (w->phase != WORKER_STARTING)
		return;
	w->phase = WORKER_SERVING;
	w->loop.spins = w->pool->busy_poll;
	worker_update(w);
	int r = acceptor_open(w->acceptor);
	if (r < 0) {
		log_say(LOG_LEVEL_ERROR, "worker", "cannot wait for connections: %s", strerror(-r));
		_exit(1);
	}
	datagram_look(w->datagrams);
}

static void obey(void *of, enum channel_word word)
{
	struct worker *w = of;

	switch ((int)word) {
	case CHANNEL_GO:
		go(w);
		break;
	case CHANNEL_DRAIN:
		worker_process_drain(w);
		channel_send(w->channel.fd, CHANNEL_DRAINED);
		break;
	case CHANNEL_END:
		worker_process_drain(w);
		w->model->end(w);
		break;
	case CHANNEL_LOOK:
		w->model->look(w);
		datagram_look(w->datagrams);
		break;
	case CHANNEL_GONE: /* the supervisor is dead, or done with us */
		_exit(0);
	default:
		break;
	}
}

static void supervisor_ready(struct loop_source *s, uint32_t events)
{
	(void)events;
	channel_receive(s->fd, obey, container_of(s, struct worker, channel));
}

static void beat(struct loop_timer *t)
{
	struct worker *w = container_of(t, struct worker, beat);

	atomic_store_explicit(&w->record->beat_ns, w->loop.now_ns, memory_order_relaxed);
	loop_set_timer(&w->loop, t, w->loop.now_ns + WORKER_BEAT_NS);
}

void worker_process_keep_descriptors(const struct worker_plan *plan, uint32_t pool_index, int channel)
{
	int keep[LISTENER_MAX + 4];
	size_t n = 0;

	keep[n++] = channel;
	keep[n++] = plan->life_fd;
	keep[n++] = plan->questions_fd;
	keep[n++] = log_fd();
	for (size_t i = 0; i < plan->listeners_n; i++)
		if (plan->listeners[i].pool == pool_index)
			keep[n++] = plan->listeners[i].fd;
	fd_close_all_but(keep, n);
}

enum sandbox_role worker_process_role(const struct pool_settings *pool)
{
	return pool->model == POOL_FORK ? SANDBOX_ACCEPTOR : SANDBOX_WORKER;
}

/* own: the sessions of this process. A session that asks for a name has a second descriptor; what was opened before was
 * opened under another limit. */
static int enter_sandbox(const struct worker *w, uint32_t own)
{
	struct sandbox s = {
		.role = worker_process_role(w->pool),
		.memory_limit = w->pool->memory_limit,
		.descriptors = FEW_DESCRIPTORS + 2 * (uint64_t)own + SESSIONS_LINGERING_MAX + DATAGRAM_ASKS_MAX +
			       LOOKUP_CLIENT_HELD_MAX,
	};

	for (size_t i = 0; i < w->plan->listeners_n; i++) {
		const struct listener *l = &w->plan->listeners[i];

		s.descriptors += l->pool == w->pool_index;
		s.names |= l->pool == w->pool_index && l->transport == TRANSPORT_UNIXGRAM;
	}
	return sandbox_enter(&s);
}

static int prepare(struct worker *w)
{
	const struct worker_plan *plan = w->plan;
	uint64_t blocks = plan->settings->limits.buffers / BUFFERS_BLOCK;
	uint32_t own = w->pool->model == POOL_FORK ? 1 : w->capacity; /* an acceptor serves nothing itself */
	int r = loop_init(&w->loop,
			  (size_t)own + SESSIONS_LINGERING_MAX + DATAGRAM_ASKS_MAX + EXTRA_TIMERS + plan->listeners_n);

	if (r == 0 && w->pool->model != POOL_FORK)
		r = sessions_prepare(w, own);
	if (r == 0) /* what a session is owed, and what is held back of it on purpose */
		r = buffers_init(&w->buffers, (uint32_t)(blocks < 2 * (uint64_t)own ? blocks : 2 * own),
				 &plan->shared->buffer_bytes, plan->settings->limits.buffers);
	if (r == 0)
		r = lookup_client_prepare(w, own + DATAGRAM_ASKS_MAX);
	if (r == 0)
		r = acceptor_new(w);
	if (r == 0)
		r = datagram_new(w);
	if (r == 0)
		r = loop_add(&w->loop, &w->channel, EPOLLIN);
	if (r == 0 && w->model->prepare)
		r = w->model->prepare(w);
	if (r == 0)
		r = enter_sandbox(w, own);
	return r;
}

void worker_process_run(const struct worker_plan *plan, uint32_t pool_index, uint32_t record_index, int channel)
{
	struct worker worker, *w = &worker; /* not static: what a session's process writes is on few pages, its stack */

	*w = (struct worker){
		.plan = plan,
		.pool = &plan->settings->pools[pool_index],
		.pool_index = pool_index,
		.record_index = record_index,
		.pid = (uint32_t)getpid(),
		.record = &plan->shared->records[record_index],
		.counters = shared_counters(plan->shared, record_index),
		.gauge = &plan->shared->gauges[plan->gauges + pool_index],
		.channel = { .fd = channel, .ready = supervisor_ready },
		.beat = { .fire = beat },
		.over_fd = -1,
		.drain = worker_process_drain,
	};
	log_set(plan->settings->log.level, plan->settings->log.format); /* the inherited ones are of the generation before */
	w->model = models_of(w->pool);
	w->capacity = w->model->capacity(w->pool);
	worker_seed(w);
	int r = prepare(w);
	if (r < 0) {
		log_say(LOG_LEVEL_ERROR, "worker", "a worker of pool %s cannot start: %s", w->pool->name, strerror(-r));
		_exit(1);
	}
	beat(&w->beat);
	set_state(w, RECORD_READY);
	channel_send(w->channel.fd, CHANNEL_READY);
	while (w->phase != WORKER_LEAVING) {
		r = acceptor_turn(w->acceptor);
		if (r < 0) {
			log_say(LOG_LEVEL_ERROR, "worker", "cannot wait: %s", strerror(-r));
			_exit(1);
		}
	}
	_exit(0);
}
