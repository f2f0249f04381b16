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
#include "stream/backoff.h"
#include "stream/banner.h"
#include "worker/admission.h"
#include "worker/resting.h"

#define BATCH 16 /* connections taken from a listener at once */

/* A listener's socket that this worker accepts from. */
struct listen_socket {
	struct loop_source source; /* when it is in the worker's own loop */
	struct resting resting;    /* the socket is in no loop then */
	const struct listener *listener;
	struct acceptor *acceptor;
};

struct acceptor {
	struct worker *w;
	struct listen_socket *last; /* the one that brought a connection last */
	unsigned last_n;            /* connections taken from it since it did */
	int own_epoll;              /* the listening sockets and the worker's loop; -1 where the sockets are in the loop */
	bool open, full, paused, armed;
	struct loop_timer pause;
	struct backoff backoff;
	size_t sockets_n;
	struct listen_socket sockets[];
};

static void socket_ready(struct loop_source *s, uint32_t events);
static void pause_over(struct loop_timer *t);
static void rest_over(struct loop_timer *t);

int acceptor_new(struct worker *w)
{
	struct acceptor *a = pages_take_own(sizeof(*a) + w->plan->listeners_n * sizeof(a->sockets[0]));

	if (!a)
		return -ENOMEM;
	w->acceptor = a; /* owned by the worker from here on, whatever fails below */
	a->w = w;
	a->own_epoll = -1;
	a->pause.fire = pause_over;
	for (size_t i = 0; i < w->plan->listeners_n; i++) {
		const struct listener *l = &w->plan->listeners[i];

		if (l->pool != w->pool_index || !(l->transport & TRANSPORT_SESSIONS))
			continue;
		a->sockets[a->sockets_n++] = (struct listen_socket){ .source = { .fd = l->fd, .ready = socket_ready },
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

static int arm_socket(struct acceptor *a, struct listen_socket *ls)
{
	if (a->own_epoll < 0)
		return loop_add(&a->w->loop, &ls->source, EPOLLIN | EPOLLEXCLUSIVE);
	struct epoll_event e = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = ls };
	return epoll_ctl(a->own_epoll, EPOLL_CTL_ADD, ls->source.fd, &e) < 0 ? -errno : 0;
}

static void disarm_socket(struct acceptor *a, struct listen_socket *ls)
{
	if (a->own_epoll < 0)
		loop_remove(&a->w->loop, &ls->source);
	else
		epoll_ctl(a->own_epoll, EPOLL_CTL_DEL, ls->source.fd, NULL);
}

static int arm_all(struct acceptor *a)
{
	if (a->armed)
		return 0;
	a->armed = true; /* even if only some of them are: disarm_all() takes any */
	for (size_t i = 0; i < a->sockets_n; i++) {
		int r = resting_now(&a->sockets[i].resting) ? 0 : arm_socket(a, &a->sockets[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static void disarm_all(struct acceptor *a)
{
	if (!a->armed)
		return;
	for (size_t i = 0; i < a->sockets_n; i++)
		disarm_socket(a, &a->sockets[i]);
	a->armed = false;
}

/* An acceptor with an epoll of its own stays armed while the worker is full: it just does not wait there. */
static void arm_or_disarm(struct acceptor *a)
{
	bool want = a->open && !a->paused && !(a->full && a->own_epoll < 0);

	if (!want)
		disarm_all(a);
	else if (arm_all(a) < 0) {
		disarm_all(a);
		a->paused = true;
		loop_set_timer(&a->w->loop, &a->pause, a->w->loop.now_ns + BACKOFF_LAST_NS);
	}
}

static void pause_over(struct loop_timer *t)
{
	struct acceptor *a = container_of(t, struct acceptor, pause);

	a->paused = false;
	arm_or_disarm(a);
}

/* The kernel has run out of something: the connection stays queued, and trying at once would only spin. */
static void pause_accepting(struct acceptor *a, const struct listener *l, int err)
{
	char storage[ADDR_TEXT_MAX + 112];
	struct text where = TEXT_OVER(storage);
	uint64_t now_ns = clock_mono_ns(), wait_ns = backoff_fail(&a->backoff);

	a->paused = true;
	loop_set_timer(&a->w->loop, &a->pause, now_ns + wait_ns);
	arm_or_disarm(a);
	if (!backoff_may_log(&a->backoff, now_ns))
		return;
	listener_add_where(&where, l);
	log_say(LOG_LEVEL_WARNING, "accept", "cannot accept on %s: %s; trying again in %u ms", where.at, strerror(err),
		(unsigned)(wait_ns / CLOCK_MS_NS));
}

/* ---- sockets that do not listen any more ---- */

static void rest_over(struct loop_timer *t)
{
	struct listen_socket *ls = container_of(t, struct listen_socket, resting.over);

	if (ls->acceptor->armed && arm_socket(ls->acceptor, ls) < 0)
		resting_go_on(&ls->resting, ls->acceptor->w);
}

/* Lets a socket rest that brings nothing but events: one that does not listen any more is ready all the time. A socket
 * that another process was quicker to accept from is not such a one. */
static void rest_if_ended(struct listen_socket *ls, bool brought)
{
	if (!brought && !health_is_ended(ls->source.fd, true))
		return;
	if (resting_is_due(&ls->resting, ls->acceptor->w, brought))
		disarm_socket(ls->acceptor, ls);
}

/* ---- connections ---- */

void acceptor_refuse(struct worker *w, const struct admitted *a, enum refusal why)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	admission_refused(w, a->listener, &(struct admission_refusal){ why, &a->peer, 1 });
	if (!banner_send(a->fd, a->listener) && a->listener->transport == TRANSPORT_TCP)
		(void)setsockopt(a->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(a->fd);
}

static void admit_connection(struct acceptor *a, const struct listener *l, int fd, const struct addr *peer)
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

/* Handles an error of accept4, which is about one connection or the host, never about the listener: 0 go on, 1 nothing
 * is left, −errno the kernel ran out of something. */
static int accept_error(struct acceptor *a, const struct listener *l, int err)
{
	switch (err) {
	case EAGAIN:
	case EINVAL: /* the socket does not listen any more */
		return 1;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		pause_accepting(a, l, err);
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

/* Accepts at most so many connections. False: none was there. */
static bool accept_some(struct acceptor *a, const struct listener *l, unsigned most)
{
	bool any = false;

	while (most-- && !a->full) {
		struct sockaddr_storage sa;
		socklen_t len = sizeof(sa);
		int fd = accept4(l->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (accept_error(a, l, errno) != 0)
				return any;
			continue;
		}
		any = true;
		if (a->w->model->accepted)
			a->w->model->accepted(a->w);
		backoff_succeed(&a->backoff);
		struct addr peer = addr_from_sockaddr((struct sockaddr *)&sa, len);
		if (l->transport & TRANSPORT_UNIXES)
			peer = user_of(fd);
		int r = listener_prepare_session(l, fd);
		if (r < 0) { /* the client is gone already */
			counters_add(&a->w->counters[l->row].accept_errors, 1);
			close(fd);
			continue;
		}
		admit_connection(a, l, fd, &peer);
	}
	return any;
}

static void socket_ready(struct loop_source *s, uint32_t events)
{
	struct listen_socket *ls = container_of(s, struct listen_socket, source);

	(void)events;
	rest_if_ended(ls, accept_some(ls->acceptor, ls->listener, BATCH));
}

int acceptor_open(struct acceptor *a)
{
	a->open = true;
	if (!a->full || a->own_epoll >= 0)
		return arm_all(a);
	return 0;
}

void acceptor_shut(struct acceptor *a)
{
	bool was_open = a->open;

	a->open = false;
	arm_or_disarm(a);
	for (size_t i = 0; i < a->sockets_n; i++) {
		struct listen_socket *ls = &a->sockets[i];
		if (was_open)
			(void)accept_some(a, ls->listener, 1);
		loop_cancel_timer(&a->w->loop, &ls->resting.over);
		/* Clients connect to the socket as long as any process has it open. */
		fd_close(&ls->source.fd);
	}
	a->sockets_n = 0;
}

void acceptor_set_full(struct acceptor *a, bool full)
{
	if (a->full == full)
		return;
	a->full = full;
	arm_or_disarm(a);
}

void acceptor_update(struct worker *w, bool full)
{
	acceptor_set_full(w->acceptor, full);
	if (full && w->phase == WORKER_SERVING)
		worker_tell_full(w);
}

/* Another connection often waits where one came: it is taken without waiting for an event. After a few the other
 * sockets, and all else that is due, have their turn. */
static bool accept_next(struct acceptor *a, uint64_t next_ns, uint64_t now_ns)
{
	if (a->last && a->last_n++ < BATCH && now_ns < next_ns) {
		a->w->loop.now_ns = now_ns;
		if (accept_some(a, a->last->listener, 1))
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
	if (accept_next(a, next_ns, now_ns))
		return 0;
	int wait_ms = next_ns == CLOCK_NEVER ? -1 : next_ns <= now_ns ? 0 : (int)((next_ns - now_ns) / CLOCK_MS_NS + 1);
	int n = epoll_wait(a->own_epoll, &e, 1, wait_ms);
	if (n < 0 && errno != EINTR && errno != ENOMEM)
		return -errno;
	if (n == 1 && e.data.ptr) {
		struct listen_socket *ls = e.data.ptr;
		l->now_ns = clock_mono_ns();
		bool brought = accept_some(a, ls->listener, 1);
		if (brought)
			a->last = ls;
		a->last_n = 0;
		rest_if_ended(ls, brought);
		/* Connections that keep coming shall not hold up what is due. */
		if (loop_next_ns(l) > l->now_ns)
			return 0;
	}
	return loop_turn(l, 0);
}
