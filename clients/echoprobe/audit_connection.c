/* SPDX-License-Identifier: MIT */
/* A connection of an audit. */
#include "echoprobe/audit_connection.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "echoprobe/connection.h"

#define PIECES_APART_NS CLOCK_S_NS   /* so that a server reads the first before the second has come */
#define STUCK_NS (200 * CLOCK_MS_NS) /* the server takes no more while nothing is read              */
#define WHOLE_TIMEOUTS 10            /* the whole takes no longer                                   */

/* A conversation under way. */
struct talk {
	struct audit_wire *w;
	const struct audit_ask *ask;
	struct audit_heard *heard;
	int fd;
	size_t said_n;      /* of heard->said_n               */
	bool listens;       /* what comes is read             */
	uint64_t speaks_ns; /* not before that moment         */
	uint64_t end_ns;    /* of the whole                   */
	bool reset;
};

static int open_connection(struct audit_wire *w, struct audit_heard *h)
{
	char storage[256];
	struct text why = TEXT_OVER(storage);
	struct flow_ends ends = { .plan = w->plan, .target = &w->target, .from = &w->from };
	cleanup_fd int fd = -1;
	int r = connection_open(&ends, &fd, &why);

	if (r > 0) {
		bool is_ready = audit_wire_wait(w, fd, POLLOUT, clock_add(clock_mono_ns(), w->plan->timeout_ns)) != 0;

		r = is_ready ? connection_error(fd) : -ETIMEDOUT;
	}
	if (r < 0) {
		audit_wire_fail(h, -r);
		if (fd >= 0)
			audit_wire_read_errors(fd, h);
		return r;
	}
	return fd_take(&fd);
}

/* The number of octets that go next, and the flags of send(2) for them. */
static size_t next_piece(const struct talk *t, int *ret_flags)
{
	size_t half = t->heard->said_n / 2;

	*ret_flags = MSG_NOSIGNAL;
	if (t->ask->urgent && t->said_n == half) {
		*ret_flags |= MSG_OOB;
		return 1;
	}
	return (t->ask->urgent || t->ask->split) && t->said_n < half ? half - t->said_n : t->heard->said_n - t->said_n;
}

static void speak(struct talk *t)
{
	int flags;
	size_t n = next_piece(t, &flags);
	ssize_t done = send(t->fd, t->heard->said + t->said_n, n, flags);

	if (done < 0 && errno != EAGAIN && errno != EINTR) {
		t->reset = true; /* what came before is read all the same */
		t->said_n = t->heard->said_n;
	} else if (done > 0)
		t->said_n += (size_t)done;
	if (t->ask->split && t->said_n == t->heard->said_n / 2)
		t->speaks_ns = clock_mono_ns() + PIECES_APART_NS;
	if (t->said_n < t->heard->said_n)
		return;
	t->listens = true;
	if (t->ask->half_closes && !t->reset)
		shutdown(t->fd, SHUT_WR);
}

static bool has_more_to_say(const struct talk *t)
{
	return t->said_n < t->heard->said_n;
}

/* False: there is no more. */
static bool listen_to(struct talk *t)
{
	struct audit_heard *h = t->heard;
	ssize_t n = recv(t->fd, t->w->heard + h->n, sizeof(t->w->heard) - h->n, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n > 0) {
		h->early = h->early || has_more_to_say(t);
		h->n += (size_t)n;
		h->clock_s = clock_wall().tv_sec;
		h->end = AUDIT_ENOUGH;
		return h->n < sizeof(t->w->heard) && (t->ask->enough_n == 0 || h->n < t->ask->enough_n);
	}
	/* A reset behind the server's end is no error of reading. */
	h->end = n < 0 || t->reset || connection_error(t->fd) < 0 ? AUDIT_RESET : AUDIT_ENDED;
	return false;
}

/* Waits for what may be done next, and does it. False: it is over. */
static bool go_on(struct talk *t)
{
	uint64_t now_ns = clock_mono_ns(), until_ns = clock_add(now_ns, t->w->plan->timeout_ns);
	bool is_late = has_more_to_say(t) && !t->listens, is_pause = has_more_to_say(t) && now_ns < t->speaks_ns;
	short events = (short)((t->listens ? POLLIN : 0) | (has_more_to_say(t) && !is_pause ? POLLOUT : 0)), ready;

	if (is_late)
		until_ns = now_ns + STUCK_NS;
	if (is_pause)
		until_ns = t->speaks_ns;
	ready = audit_wire_wait(t->w, t->fd, events, until_ns < t->end_ns ? until_ns : t->end_ns);
	if (*t->w->interrupted || clock_mono_ns() >= t->end_ns || (ready == 0 && !is_late && !is_pause)) {
		t->heard->end = AUDIT_SILENT;
		return false;
	}
	if (ready & POLLOUT)
		speak(t);
	else if (is_late)
		t->listens = true;
	return ready & (POLLIN | POLLERR | POLLHUP) && t->listens ? listen_to(t) : true;
}

void audit_connection_exchange(struct audit_wire *w, const struct audit_ask *a, struct audit_heard *h)
{
	struct talk t = { .w = w, .ask = a, .heard = h };
	cleanup_fd int fd = open_connection(w, h);

	if (fd < 0)
		return;
	t.fd = fd;
	t.listens = !a->listens_late || h->said_n == 0;
	t.end_ns = clock_add(clock_mono_ns(), WHOLE_TIMEOUTS * w->plan->timeout_ns);
	while (go_on(&t))
		;
}
