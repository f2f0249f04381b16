/* SPDX-License-Identifier: MIT */
/* Reading, writing and waiting on a session's connection. */
#include "stream/client_io.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "worker/model.h"
#include "stream/sessions.h"
#include "stream/slowed.h"

bool client_io_wait(struct client *c, uint32_t events)
{
	uint64_t at_ns = session_deadline(&c->session, c->owed_at < c->owed_end);
	int r = 0;

	if (c->is_slowed)
		events = slowed_wait(c, events, &at_ns);
	if (!c->registered)
		r = (c->w->model->shares ? loop_add : loop_add_solo)(&c->w->loop, &c->source, events);
	else if (c->waits_for != events)
		r = loop_change(&c->w->loop, &c->source, events);
	if (r < 0) {
		sessions_end(c, SESSION_END_LIMIT, true);
		return false;
	}
	c->registered = true;
	c->waits_for = (uint8_t)events;
	if (c->ask.source.fd >= 0 && c->ask.deadline_ns < at_ns)
		at_ns = c->ask.deadline_ns;
	/* A timer that fires early is cheaper than one that moves with every byte. */
	if (!c->timer.place || at_ns < c->timer.at_ns)
		loop_set_timer(&c->w->loop, &c->timer, at_ns);
	return true;
}

ssize_t client_io_write(struct client *c, const uint8_t *from, size_t n, bool more)
{
	size_t done = 0;

	if (c->is_slowed) {
		n = slowed_may_write(c, n);
		more = false;
	}
	while (done < n) {
		ssize_t r = send(c->source.fd, from + done, n - done, MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM))
			break;
		if (r < 0) {
			sessions_end(c, SESSION_END_RESET, true);
			return -1;
		}
		done += (size_t)r;
	}
	if (done) {
		if (c->is_slowed)
			slowed_wrote(c, done);
		session_sent(&c->session, done, c->w->loop.now_ns);
		counters_add(&c->w->counters[c->listener->row].sent_bytes, done);
		sessions_note(c);
	}
	return (ssize_t)done;
}

void client_io_count_in(struct client *c, size_t n)
{
	session_received(&c->session, n, c->w->loop.now_ns);
	counters_add(&c->w->counters[c->listener->row].received_bytes, n);
	sessions_note(c);
}

void client_io_drain_errors(const struct client *c, uint32_t events)
{
	if (events & EPOLLERR && c->listener->socket_family != AF_UNIX)
		(void)fd_drain_errors(c->source.fd);
}
