/* SPDX-License-Identifier: MIT */
/* Streams that come faster than a buffer at a time. */
#include "stream/bulk.h"

#include <errno.h>
#include <sys/socket.h>

#include "worker/model.h"
#include "stream/client_io.h"
#include "stream/sessions.h"

#define BULK_BYTES 262144 /* measured: 64 KiB cost a third more, 1 MiB gains nothing */

/* The buffer of all sessions of the process: it holds nothing beyond a call. */
static uint8_t bytes[BULK_BYTES];

bool bulk_may(const struct client *c)
{
	return (c->session.service->traits & SVC_MIRROR) && c->listener->transport == TRANSPORT_TCP && c->w->model->shares &&
	       !c->session.rules->max_bytes && !c->is_slowed;
}

/* Takes bytes that were looked at out of the socket. They are there, and no other process reads it; but an urgent byte
 * that came meanwhile ends a piece. False: the connection is reset. */
static bool discard(const struct client *c, size_t n)
{
	while (n) {
		ssize_t r = recv(c->source.fd, bytes, n, MSG_TRUNC | MSG_DONTWAIT);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		n -= (size_t)r;
	}
	return true;
}

bool bulk_echo(struct client *c)
{
	ssize_t n = recv(c->source.fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT), done;

	/* An error is told once only. */
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		sessions_end(c, SESSION_END_RESET, true);
		return true;
	}
	c->is_bulk = n > WORKER_IN_BYTES / 2;
	if (!c->is_bulk)
		return false;
	done = client_io_write(c, bytes, (size_t)n, false);
	if (done < 0)
		return true;
	if (!discard(c, (size_t)done)) {
		sessions_end(c, SESSION_END_RESET, true);
		return true;
	}
	if (done)
		client_io_count_in(c, (size_t)done);
	client_io_wait(c, done < n ? EPOLLOUT : EPOLLIN);
	return true;
}
