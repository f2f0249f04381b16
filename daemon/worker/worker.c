/* SPDX-License-Identifier: MIT */
/* The functions of every worker: its record, its phase, and what a service may know. */
#include "worker/worker.h"

#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "worker/model.h"

static enum record_state state_of(const struct worker *w, bool full)
{
	if (w->phase == WORKER_SERVING)
		return full ? RECORD_BUSY : RECORD_IDLE;
	return RECORD_DRAINING;
}

/* The supervisor sees two things of a worker: how many sessions there are, and whether it takes more. */
void worker_update(struct worker *w)
{
	bool full = w->sessions >= w->capacity || w->blocked;

	atomic_store_explicit(&w->record->sessions, w->sessions, memory_order_relaxed);
	if (w->phase != WORKER_STARTING)
		atomic_store_explicit(&w->record->state, state_of(w, full), memory_order_release);
	w->model->updated(w, full);
}

void worker_tell_full(struct worker *w)
{
	if (!atomic_load_explicit(&w->gauge->full, memory_order_relaxed) && !atomic_exchange(&w->gauge->full, 1))
		channel_send(w->channel.fd, CHANNEL_SPARE);
}

void worker_session_began(struct worker *w)
{
	w->sessions++;
	if (w->model->updated)
		worker_update(w);
}

void worker_session_ended(struct worker *w)
{
	w->sessions--;
	w->served++;
	if (w->model->updated) {
		atomic_store_explicit(&w->record->served, w->served, memory_order_relaxed);
		worker_update(w);
	}
	if (w->model->ended)
		w->model->ended(w);
	worker_leave_if_done(w);
}

void worker_leave_if_done(struct worker *w)
{
	if (w->phase == WORKER_DRAINING && !w->sessions && !w->blocked && !w->lingering_n && !w->datagrams_waiting)
		w->phase = WORKER_LEAVING;
}

void worker_life_ready(struct loop_source *s, uint32_t events)
{
	(void)s;
	(void)events;
	_exit(0);
}

uint32_t worker_random(struct worker *w)
{
	/* xorshift128+, seeded by the kernel */
	uint64_t a = w->random_state[0], b = w->random_state[1];

	w->random_state[0] = b;
	a ^= a << 23;
	w->random_state[1] = a ^ b ^ (a >> 18) ^ (b >> 5);
	return (uint32_t)((w->random_state[1] + b) >> 32);
}

void worker_seed(struct worker *w)
{
	if (getrandom(w->random_state, sizeof(w->random_state), 0) < 0 || !(w->random_state[0] | w->random_state[1]))
		w->random_state[0] = clock_mono_ns() | 1;
}

uint64_t worker_uptime_s(const struct worker *w)
{
	uint64_t now_ns = w->loop.now_ns, started_ns = w->plan->started_ns;

	return now_ns > started_ns ? (now_ns - started_ns) / CLOCK_S_NS : 0;
}

void worker_fill_context(struct worker *w, const struct listener *l, struct svc_context *ret)
{
	ret->wall = clock_wall();
	if (l->settings->service->traits & SVC_NEEDS_CLOCK)
		ret->clock = shared_clock(w->plan->shared);
	else
		ret->clock = (struct clock_status){ .state = CLOCK_UNKNOWN };
	ret->transport = l->transport;
	ret->host_name = w->plan->settings->host_name;
	ret->random = worker_random(w);
	ret->options = &l->settings->options;
	ret->facts = NULL;
	ret->memory = NULL;
}
