/* SPDX-License-Identifier: MIT */
/* The code that moves a session's bytes. */
#include "stream/client_serve.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "worker/admission.h"
#include "stream/become.h"
#include "stream/bulk.h"
#include "stream/client.h"
#include "stream/client_io.h"
#include "stream/connection.h"
#include "stream/proxy_header.h"
#include "stream/sessions.h"
#include "stream/slowed.h"

#define STEPS_A_TURN 8 /* of a session that always has more to say: then the others get their turn */

/* Shared by all sessions of the process: what was just read, and what a service just made. */
static _Alignas(WORKER_PAGE) uint8_t in_bytes[WORKER_IN_BYTES];
static uint8_t out_bytes[WORKER_OUT_BYTES];

static void proceed(struct client *c, struct svc_io *io);
static void client_ready(struct loop_source *s, uint32_t events);
static void client_timer(struct loop_timer *t);

static bool is_packets(const struct client *c)
{
	return c->listener->transport == TRANSPORT_UNIXPACKET;
}

/* Keeps what the client did not take, and the input that has to wait for it. False: no memory is left for it, and the
 * session is over. */
static bool keep(struct client *c, const uint8_t *owed, size_t owed_n, const struct svc_io *io)
{
	size_t held_n = io->in_len - io->in_used;

	assert(!c->block && owed_n + held_n <= BUFFERS_BLOCK);
	c->block = buffers_take(&c->w->buffers, &c->slot->owed_bytes);
	if (!c->block) {
		admission_refused(c->w, c->listener, &(struct admission_refusal){ REFUSED_BUFFERS, &c->peer, 1 });
		sessions_end(c, SESSION_END_LIMIT, true);
		return false;
	}
	memcpy(c->block, owed, owed_n);
	if (held_n)
		memcpy(c->block + owed_n, io->in + io->in_used, held_n);
	c->owed_at = 0;
	c->owed_end = (uint32_t)owed_n;
	c->held_end = (uint32_t)(owed_n + held_n);
	/* In a process with one session the copy is all that a slow client may cost. */
	if (!c->w->model->shares)
		(void)madvise(in_bytes, sizeof(in_bytes), MADV_DONTNEED);
	return true;
}

static void forget(struct client *c)
{
	if (c->block)
		buffers_give(&c->w->buffers, c->block, &c->slot->owed_bytes);
	c->block = NULL;
	c->owed_at = c->owed_end = c->held_end = 0;
}

static void answered(struct loop_source *s, uint32_t events);

/* Takes one step of the session and writes its output. True: go on with io; false: the session waits, or is over. */
static bool step(struct client *c, struct svc_io *io, const struct lookup_answer *answer)
{
	struct svc_context ctx;

	worker_fill_context(c->w, c->listener, &ctx);
	ctx.transport = c->listener->transport;
	ctx.peer = c->peer;
	ctx.local = c->listener->address;
	if (c->listener->settings->service->needs.collects)
		connection_collect(c, &ctx);
	io->out = out_bytes;
	io->out_cap = is_packets(c) ? SVC_OUT_MIN : sizeof(out_bytes);
	io->out_len = 0;
	c->next = (uint8_t)(answer ? session_answer(&c->session, &ctx, answer, io) : session_step(&c->session, &ctx, io));
	if (c->next == SESSION_ABORT) {
		sessions_end(c, c->session.end ? (enum session_end)c->session.end : SESSION_END_EOF, true);
		return false;
	}
	if (c->next == SESSION_BECOME) {
		if (!become_another(c, io))
			return false;
		c->next = SESSION_AGAIN;
	}
	if (!io->out_len)
		return true;
	ssize_t done = client_io_write(c, io->out, io->out_len, c->next == SESSION_FINISH);
	if (done < 0)
		return false;
	if ((size_t)done == io->out_len)
		return true;
	if (keep(c, io->out + done, io->out_len - (size_t)done, io))
		client_io_wait(c, EPOLLOUT);
	return false;
}

static void begin_ask(struct client *c, struct svc_io *io)
{
	struct worker *w = c->w;

	counters_add(&w->counters[c->listener->row].lookups, 1);
	if (lookup_client_begin(w, &c->ask,
				&(struct lookup_client_request){ &io->question, lookup_client_source(w, &c->peer) },
				answered) == 0) {
		client_io_wait(c, 0);
		return;
	}
	lookup_client_count(w, c->listener->row, &c->ask, LOOKUP_FAILED);
	if (step(c, io, &lookup_client_no_answer))
		proceed(c, io);
}

/* Does what the last step asked for, as long as it can be done at once. */
static void proceed(struct client *c, struct svc_io *io)
{
	for (int steps = 0;; steps++) {
		io->in += io->in_used;
		io->in_len -= io->in_used;
		io->in_used = 0;
		switch ((enum session_next)c->next) {
		case SESSION_READ:
			client_io_wait(c, EPOLLIN);
			return;
		case SESSION_PAUSE: /* what is sent to a generator is read all the same, and thrown away */
			client_io_wait(c, c->session.eof ? 0 : EPOLLIN);
			return;
		case SESSION_ASK:
			begin_ask(c, io);
			return;
		case SESSION_FINISH:
		case SESSION_CLOSE:
			sessions_finish(c);
			return;
		case SESSION_AGAIN:
			if (steps == STEPS_A_TURN && !io->in_len) {
				client_io_wait(c, EPOLLOUT);
				return;
			}
			if (!step(c, io, NULL))
				return;
			break;
		case SESSION_BECOME:
		case SESSION_ABORT:
			assert(false); /* step() has handled them */
		}
	}
}

static void run(struct client *c, const uint8_t *in, size_t n)
{
	struct svc_io io = { .in = in, .in_len = n, .eof = c->session.eof };

	c->next = SESSION_AGAIN;
	proceed(c, &io);
}

static void answered(struct loop_source *s, uint32_t events)
{
	struct client *c = container_of(s, struct client, ask.source);
	struct svc_io io = { .in = in_bytes, .eof = c->session.eof };
	const struct lookup_answer *answer = lookup_client_take(c->w, &c->ask);

	(void)events;
	lookup_client_count(c->w, c->listener->row, &c->ask, answer->result);
	if (step(c, &io, answer))
		proceed(c, &io);
}

/* Writes what is still owed; when all is gone, goes on with the input that waited. */
static void write_owed(struct client *c)
{
	struct svc_io io = { .in = in_bytes, .eof = c->session.eof };

	if (c->is_bulk && !c->block && bulk_echo(c))
		return;
	if (c->owed_at < c->owed_end) {
		ssize_t done = client_io_write(c, c->block + c->owed_at, c->owed_end - c->owed_at,
					       c->next == SESSION_FINISH);
		if (done < 0)
			return;
		c->owed_at += (uint32_t)done;
		if (c->owed_at < c->owed_end) {
			client_io_wait(c, EPOLLOUT);
			return;
		}
	}
	if (c->block) {
		io.in_len = c->held_end - c->owed_end;
		memcpy(in_bytes, c->block + c->owed_end, io.in_len);
		forget(c);
		/* Input that is there is used up before more is read. */
		if (c->next == SESSION_READ && io.in_len)
			c->next = SESSION_AGAIN;
	}
	proceed(c, &io);
}

/* The number of bytes read at once: as many as can be kept beside what a service says to them. A mirror says nothing of
 * its own, a sink nothing at all. */
static size_t room_for(const struct client *c)
{
	size_t held = c->is_slowed ? slowed_room(c) : WORKER_IN_BYTES;

	if (c->session.service->traits & (SVC_MIRROR | SVC_SINK))
		return held;
	if (held < WORKER_LINE_BYTES)
		return held;
	return is_packets(c) ? BUFFERS_BLOCK - SVC_OUT_MIN : WORKER_LINE_BYTES;
}

static void read_some(struct client *c)
{
	size_t room = room_for(c);

	if (c->is_bulk && bulk_echo(c))
		return;
	ssize_t n = recv(c->source.fd, in_bytes, room, MSG_DONTWAIT | (is_packets(c) ? MSG_TRUNC : 0));

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		client_io_wait(c, EPOLLIN);
		return;
	}
	if (n < 0) {
		sessions_end(c, SESSION_END_RESET, true);
		return;
	}
	if ((size_t)n > room) { /* a message longer than we take: never answered cut */
		admission_refused(c->w, c->listener, &(struct admission_refusal){ REFUSED_OVERSIZE, &c->peer, 1 });
		sessions_end(c, SESSION_END_LIMIT, true);
		return;
	}
	if (c->is_slowed) {
		slowed_hold(c, in_bytes, (size_t)n);
		client_io_wait(c, EPOLLIN);
		return;
	}
	c->is_bulk = (size_t)n == room && bulk_may(c);
	if (n == 0)
		c->session.eof = true;
	else
		client_io_count_in(c, (size_t)n);
	run(c, in_bytes, (size_t)n);
}

static void client_ready(struct loop_source *s, uint32_t events)
{
	struct client *c = container_of(s, struct client, source);

	client_io_drain_errors(c, events);
	if (!c->slot)
		(void)sessions_drain(c);
	else if (c->waits_for & EPOLLOUT)
		write_owed(c);
	else if (c->waits_for & EPOLLIN)
		read_some(c);
	else if (events & (EPOLLERR | EPOLLHUP)) /* gone while it was looked up for, or paced */
		sessions_end(c, SESSION_END_RESET, true);
}

/* Bytes that were held back long enough are written, or given to the session. */
static void go_on_slowed(struct client *c)
{
	if (c->owed_at < c->owed_end) {
		write_owed(c);
		return;
	}
	size_t n = slowed_take(c, in_bytes);
	if (n)
		client_io_count_in(c, n);
	run(c, in_bytes, n);
}

static void client_timer(struct loop_timer *t)
{
	struct client *c = container_of(t, struct client, timer);
	uint64_t now_ns = c->w->loop.now_ns;

	if (!c->slot || c->session.phase == SESSION_CLOSING) {
		sessions_over_due(c);
		return;
	}
	if (c->ask.source.fd >= 0 && now_ns >= c->ask.deadline_ns) {
		answered(&c->ask.source, 0);
		return;
	}
	enum session_end end = c->is_slowed ? slowed_expired(c) : session_expired(&c->session, now_ns);
	if (end != SESSION_END_NONE)
		sessions_end(c, end, true);
	else if (c->next == SESSION_PAUSE && c->session.wake_ns <= now_ns)
		run(c, in_bytes, 0);
	else if (c->is_slowed && slowed_is_due(c))
		go_on_slowed(c);
	else
		client_io_wait(c, c->is_slowed ? slowed_wanted(c) : c->waits_for);
}

static void begin_slowed(struct client *c, const uint8_t *in, size_t n)
{
	if (c->session.service->open)
		slowed_hold_start(c);
	if (n)
		slowed_hold(c, in, n);
	read_some(c);
}

/* Begins the session, with these first n bytes (WORKER_LINE_BYTES at most). */
static void begin(struct client *c, const uint8_t *in, size_t n)
{
	const struct listener_settings *s = c->listener->settings;

	c->source.ready = client_ready;
	c->timer.fire = client_timer;
	session_begin(&c->session, s->service, &s->rules, sessions_state(c), c->w->loop.now_ns);
	if (!slowed_begin(c)) {
		admission_refused(c->w, c->listener, &(struct admission_refusal){ REFUSED_BUFFERS, &c->peer, 1 });
		sessions_end(c, SESSION_END_LIMIT, true);
		return;
	}
	if (c->is_slowed) {
		begin_slowed(c, in, n);
		return;
	}
	if (n)
		client_io_count_in(c, n);
	/* A service that speaks first does so now; for the others the first bytes are often here already. */
	if (n || s->service->open)
		run(c, in, n);
	else
		read_some(c);
}

static void await_header(struct client *c)
{
	struct span first = { in_bytes, 0 };

	/* The bytes behind the header are no more than any service is given at once. */
	if (proxy_header_read(c, in_bytes, WORKER_LINE_BYTES, &first))
		begin(c, first.at, first.n);
}

static void header_ready(struct loop_source *s, uint32_t events)
{
	struct client *c = container_of(s, struct client, source);

	client_io_drain_errors(c, events);
	await_header(c);
}

static void header_timer(struct loop_timer *t)
{
	proxy_header_late(container_of(t, struct client, timer));
}

void client_serve(struct worker *w, const struct admitted *a)
{
	struct client *c = sessions_take(w);

	assert(c);
	*c = (struct client){
		.source = { .fd = a->fd },
		.w = w,
		.listener = a->listener,
		.slot = a->slot,
		.peer = a->peer,
		.ask = { .source = { .fd = -1 } },
		.session = { .started_ns = w->loop.now_ns, .active_ns = w->loop.now_ns },
	};
	worker_session_began(w);
	if (!admission_is_proxied(c->listener)) {
		begin(c, in_bytes, 0);
		return;
	}
	c->source.ready = header_ready;
	c->timer.fire = header_timer;
	proxy_header_begin(c);
	await_header(c);
}
