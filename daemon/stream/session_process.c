/* SPDX-License-Identifier: MIT */
/* The process of one session of the fork model. */
#include "stream/session_process.h"

#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "stream/client.h"
#include "stream/client_serve.h"
#include "stream/models.h"
#include "stream/sessions.h"

static void signals_ready(struct loop_source *s, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	(void)!read(s->fd, &info, sizeof(info));
	sessions_look(container_of(s, struct worker, channel));
}

/* The child writes to its stack alone: whatever else it touches is a page more to copy and to take apart. */
struct memory {
	struct client client;
	struct loop_few few;
	struct loop_timer beat;
};

/* The state of the session's service, if that has any. Not on the stack, for it is as large as all the rest. */
static _Alignas(max_align_t) uint8_t state_bytes[WORKER_STATE_STRIDE];

/* The place of its block, when it is impaired. */
static uint8_t *slowed;

/* Gives a sign of life, for as long as the slot is the session's. */
static void beat(struct loop_timer *t)
{
	struct client *c = &container_of(t, struct memory, beat)->client;

	if (!c->slot)
		return;
	atomic_store_explicit(&c->slot->beat_ns, c->w->loop.now_ns, memory_order_relaxed);
	loop_set_timer(&c->w->loop, t, c->w->loop.now_ns + WORKER_BEAT_NS);
}

/* The child has one connection and does not allocate. */
static _Noreturn void run_session(struct worker *w, const struct session_inheritance *i, struct memory *m)
{
	const struct admitted *a = i->admitted;
	int keep[] = { a->fd, w->plan->life_fd, w->plan->questions_fd, i->log_fd, i->signals_fd, i->over_fd };
	uint32_t parent = w->pid;

	w->pid = (uint32_t)getpid();
	/* The parent does it too: whichever is first, and whichever dies, the slot has the right owner. */
	(void)table_hand_over(a->slot, parent, w->pid);
	if (atomic_load(&a->slot->owner) != w->pid)
		_exit(1);
	fd_close_all_but(keep, array_n(keep));
	w->model = &forked_model;
	w->over_fd = i->over_fd;
	w->phase = WORKER_DRAINING; /* leaves when the connection is gone */
	w->sessions = w->lingering_n = 0;
	w->life = (struct loop_source){ .fd = w->plan->life_fd, .ready = worker_life_ready };
	w->channel = (struct loop_source){ .fd = i->signals_fd, .ready = signals_ready };
	w->acceptor = NULL;
	w->clients = &m->client;
	w->clients_cap = 1;
	w->states = state_bytes;
	w->slowed = &slowed;
	loop_init_few(&w->loop, &m->few, w->loop.now_ns);
	if (loop_add(&w->loop, &w->life, EPOLLIN) < 0 || loop_add(&w->loop, &w->channel, EPOLLIN) < 0)
		_exit(1);
	m->beat = (struct loop_timer){ .fire = beat };
	loop_set_timer(&w->loop, &m->beat, w->loop.now_ns + WORKER_BEAT_NS);
	client_serve(w, a);
	while (w->phase != WORKER_LEAVING)
		if (loop_turn(&w->loop, CLOCK_NEVER) < 0)
			_exit(1);
	_exit(0);
}

_Noreturn void session_process_run(struct worker *w, const struct session_inheritance *i)
{
	struct memory memory;

	run_session(w, i, &memory);
}
