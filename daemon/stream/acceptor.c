/* SPDX-License-Identifier: MIT */
/* Listening sockets in a worker: waiting on them, taking connections, having them admitted. */
#include "stream/acceptor.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/pages.h"
#include "net/health.h"
#include "worker/admission.h"
#include "worker/resting.h"

#define BATCH 16                           /* connections taken from a listener at once      */
#define PAUSE_FIRST_NS (100 * CLOCK_MS_NS) /* after the kernel ran out of something          */
#define PAUSE_LAST_NS (CLOCK_S_NS)
#define SAY_AGAIN_NS (30 * CLOCK_S_NS)

struct door {
	struct loop_source source; /* when it is in the worker's own loop */
	struct resting resting;    /* it is in no loop then */
	const struct listener *listener;
	struct acceptor *acceptor;
};

struct acceptor {
	struct worker *w;
	struct door *last; /* where a connection was found, and how many one after another */
	unsigned in_a_row;
	int own_epoll; /* doors and the worker's loop; -1 where the doors are in the loop */
	bool open, full, paused, armed;
	struct loop_timer pause;
	uint64_t pause_ns, said_ns;
	size_t doors_n;
	struct door doors[];
};

static void door_ready(struct loop_source *s, uint32_t events);
static void pause_over(struct loop_timer *t);
static void rest_over(struct loop_timer *t);

int acceptor_new(struct worker *w)
{
	struct acceptor *a = pages_take_own(sizeof(*a) + w->plan->listeners_n * sizeof(a->doors[0]));

	if (!a)
		return -ENOMEM;
	w->acceptor = a; /* the worker's from here on, whatever fails below */
	a->w = w;
	a->own_epoll = -1;
	a->pause.fire = pause_over;
	for (size_t i = 0; i < w->plan->listeners_n; i++) {
		const struct listener *l = &w->plan->listeners[i];

		if (l->pool != w->pool_index || !(l->transport & TRANSPORT_SESSIONS))
			continue;
		a->doors[a->doors_n++] = (struct door){ .source = { .fd = l->fd, .ready = door_ready },
							.listener = l,
							.acceptor = a,
							.resting = { .over = { .fire = rest_over } } };
	}
	if (w->model->shares)
		return 0;
	a->own_epoll = epoll_create1(EPOLL_CLOEXEC);
	if (a->own_epoll < 0)
		return -errno;
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };
	return epoll_ctl(a->own_epoll, EPOLL_CTL_ADD, w->loop.epoll_fd, &e) < 0 ? -errno : 0;
}

static int door_arm(struct acceptor *a, struct door *d)
{
	if (a->own_epoll < 0)
		return loop_add(&a->w->loop, &d->source, EPOLLIN | EPOLLEXCLUSIVE);
	struct epoll_event e = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = d };
	return epoll_ctl(a->own_epoll, EPOLL_CTL_ADD, d->source.fd, &e) < 0 ? -errno : 0;
}

static void door_disarm(struct acceptor *a, struct door *d)
{
	if (a->own_epoll < 0)
		loop_remove(&a->w->loop, &d->source);
	else
		epoll_ctl(a->own_epoll, EPOLL_CTL_DEL, d->source.fd, NULL);
}

static int arm(struct acceptor *a)
{
	if (a->armed)
		return 0;
	a->armed = true; /* if not all of them: disarm() is for any */
	for (size_t i = 0; i < a->doors_n; i++) {
		int r = resting_now(&a->doors[i].resting) ? 0 : door_arm(a, &a->doors[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static void disarm(struct acceptor *a)
{
	if (!a->armed)
		return;
	for (size_t i = 0; i < a->doors_n; i++)
		door_disarm(a, &a->doors[i]);
	a->armed = false;
}

/* A worker with an epoll of its own for the doors stays armed while it is full: it just does not wait there. */
static void settle(struct acceptor *a)
{
	bool want = a->open && !a->paused && !(a->full && a->own_epoll < 0);

	if (!want)
		disarm(a);
	else if (arm(a) < 0) {
		disarm(a);
		a->paused = true;
		loop_set_timer(&a->w->loop, &a->pause, a->w->loop.now_ns + PAUSE_LAST_NS);
	}
}

static void pause_over(struct loop_timer *t)
{
	struct acceptor *a = container_of(t, struct acceptor, pause);

	a->paused = false;
	settle(a);
}

/* The kernel has run out of something: the connection stays queued, and trying at once would only spin. */
static void pause_doors(struct acceptor *a, const struct listener *l, int err)
{
	char storage[ADDR_TEXT_MAX + 112];
	struct text where = TEXT_OVER(storage);

	a->pause_ns = a->pause_ns ? a->pause_ns * 2 : PAUSE_FIRST_NS;
	if (a->pause_ns > PAUSE_LAST_NS)
		a->pause_ns = PAUSE_LAST_NS;
	a->paused = true;
	loop_set_timer(&a->w->loop, &a->pause, clock_mono_ns() + a->pause_ns);
	settle(a);
	if (a->said_ns && clock_mono_ns() - a->said_ns < SAY_AGAIN_NS)
		return;
	a->said_ns = clock_mono_ns();
	listener_add_where(&where, l);
	log_say(LOG_LEVEL_WARNING, "accept", "cannot accept on %s: %s; trying again in %u ms", where.at, strerror(err),
		(unsigned)(a->pause_ns / CLOCK_MS_NS));
}

/* ---- doors that were ended ---- */

static void rest_over(struct loop_timer *t)
{
	struct door *d = container_of(t, struct door, resting.over);

	if (d->acceptor->armed && door_arm(d->acceptor, d) < 0)
		resting_go_on(&d->resting, d->acceptor->w);
}

/* After an event: a socket that listens no more is ready for ever, and there is never anything. That another process was
 * quicker is no sign of it. */
static void note(struct door *d, bool brought)
{
	if (!brought && !health_is_ended(d->source.fd, true))
		return;
	if (resting_is_due(&d->resting, d->acceptor->w, brought))
		door_disarm(d->acceptor, d);
}

/* ---- connections ---- */

void acceptor_refuse(struct worker *w, const struct admitted *a, enum refusal why)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	admission_refused(w, a->listener, why, &a->peer, 1);
	if (a->listener->transport == TRANSPORT_TCP)
		(void)setsockopt(a->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(a->fd);
}

static void admit(struct acceptor *a, const struct listener *l, int fd, const struct addr *peer)
{
	struct worker *w = a->w;
	struct admitted admitted = { .fd = fd, .listener = l, .peer = *peer };
	enum refusal why = admission_connection(w, l, peer, &admitted.slot);

	if (why != REFUSED_NOT) {
		acceptor_refuse(w, &admitted, why);
		return;
	}
	counters_add(&w->counters[l->row].sessions, 1);
	w->model->admitted(w, &admitted);
}

/* What accept4 says of one connection, or of the host, never of the listener: 0 go on, 1 nothing left, −errno the kernel
 * ran out. */
static int judge_accept_error(struct acceptor *a, const struct listener *l, int err)
{
	switch (err) {
	case EAGAIN:
	case EINVAL: /* it listens no more */
		return 1;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		pause_doors(a, l, err);
		return -err;
	default: /* ECONNABORTED, EPROTO, ENETDOWN, …: accept(2) says to treat them like EAGAIN and go on */
		counters_add(&a->w->counters[l->row].accept_errors, 1);
		return 0;
	}
}

/* The source of a local client is its user. */
static struct addr user_of(int fd)
{
	struct addr peer = { .family = AF_UNIX };
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0)
		bytes_put_be32(peer.bytes, who.uid);
	return peer;
}

/* At most so many connections. False: none was there. */
static bool take(struct acceptor *a, const struct listener *l, unsigned most)
{
	bool any = false;

	while (most-- && !a->full) {
		struct sockaddr_storage sa;
		socklen_t len = sizeof(sa);
		int fd = accept4(l->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (judge_accept_error(a, l, errno) != 0)
				return any;
			continue;
		}
		any = true;
		if (a->w->model->accepted)
			a->w->model->accepted(a->w);
		if (a->pause_ns) /* a page that is not written is not copied after a fork */
			a->pause_ns = 0;
		struct addr peer = addr_from_sockaddr((struct sockaddr *)&sa, len);
		if (l->transport & TRANSPORT_UNIXES)
			peer = user_of(fd);
		int r = listener_prepare_session(l, fd);
		if (r < 0) { /* the client is gone already */
			counters_add(&a->w->counters[l->row].accept_errors, 1);
			close(fd);
			continue;
		}
		admit(a, l, fd, &peer);
	}
	return any;
}

static void door_ready(struct loop_source *s, uint32_t events)
{
	struct door *d = container_of(s, struct door, source);

	(void)events;
	note(d, take(d->acceptor, d->listener, BATCH));
}

int acceptor_open(struct acceptor *a)
{
	a->open = true;
	if (!a->full || a->own_epoll >= 0)
		return arm(a);
	return 0;
}

void acceptor_shut(struct acceptor *a)
{
	bool was_open = a->open;

	a->open = false;
	settle(a);
	for (size_t i = 0; i < a->doors_n; i++) {
		struct door *d = &a->doors[i];
		if (was_open)
			(void)take(a, d->listener, 1);
		loop_cancel_timer(&a->w->loop, &d->resting.over);
		/* As long as anybody has it open, clients connect to it. */
		fd_close(&d->source.fd);
	}
	a->doors_n = 0;
}

void acceptor_set_full(struct acceptor *a, bool full)
{
	if (a->full == full)
		return;
	a->full = full;
	settle(a);
}

void acceptor_update(struct worker *w, bool full)
{
	acceptor_set_full(w->acceptor, full);
	if (full && w->phase == WORKER_SERVING)
		worker_tell_full(w);
}

/* Where one connection came, another often waits already: without asking first. The other doors, and whatever else is to be
 * done, get their turn after a few. */
static bool take_next(struct acceptor *a, uint64_t next_ns, uint64_t now_ns)
{
	if (a->last && a->in_a_row++ < BATCH && now_ns < next_ns) {
		a->w->loop.now_ns = now_ns;
		if (take(a, a->last->listener, 1))
			return true;
	}
	a->last = NULL;
	return false;
}

int acceptor_turn(struct acceptor *a)
{
	struct loop *l = &a->w->loop;
	struct epoll_event e;

	if (a->own_epoll < 0 || !a->armed || a->full)
		return loop_turn(l, CLOCK_NEVER);
	uint64_t next_ns = loop_next_ns(l), now_ns = clock_mono_ns();
	if (take_next(a, next_ns, now_ns))
		return 0;
	int wait_ms = next_ns == CLOCK_NEVER ? -1 : next_ns <= now_ns ? 0 : (int)((next_ns - now_ns) / CLOCK_MS_NS + 1);
	int n = epoll_wait(a->own_epoll, &e, 1, wait_ms);
	if (n < 0 && errno != EINTR && errno != ENOMEM)
		return -errno;
	if (n == 1 && e.data.ptr) {
		struct door *d = e.data.ptr;
		l->now_ns = clock_mono_ns();
		bool brought = take(a, d->listener, 1);
		if (brought)
			a->last = d;
		a->in_a_row = 0;
		note(d, brought);
		/* Connections that keep coming shall not hold up what is due. */
		if (loop_next_ns(l) > l->now_ns)
			return 0;
	}
	return loop_turn(l, 0);
}
