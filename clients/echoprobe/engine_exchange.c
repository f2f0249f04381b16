/* SPDX-License-Identifier: MIT */
/* A connection a message. */
#include "echoprobe/engine_exchange.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/pages.h"
#include "echoprobe/connection.h"
#include "echoprobe/echo.h"
#include "echoprobe/engine_private.h"
#include "echoprobe/probe.h"
#include "echoprobe/proxy.h"

enum state { IDLE, CONNECTING, ASKING, HEARING };

struct exchange {
	struct engine_flow *flow;
	enum state state;
	struct target_source from;
	struct loop_timer deadline;
	uint64_t seq; /* of the message under way, or of the next one */
	uint64_t began_ns;
	size_t ask_n, written_n, heard_n;
	uint8_t *ask;
	uint8_t heard[PROBE_HEARD_MAX];
};

static size_t memory_bytes(const struct plan *plan)
{
	return sizeof(struct exchange) + PROBE_ASK_MAX + plan->room_bytes;
}

static const struct probe_exchange *kind(const struct engine_flow *f)
{
	return f->engine->plan->probe->exchange;
}

/* What is said; a server of datagrams does not speak first, and any octets will do. NULL: nothing. */
static probe_ask_fn *ask_of(const struct engine_flow *f)
{
	return kind(f)->ask || !f->engine->unix_datagrams ? kind(f)->ask : echo_ask;
}

static void begin_next(struct engine_flow *f);

/* The connection is over, whatever came of it: the next message may go. */
static void end(struct engine_flow *f)
{
	struct exchange *x = f->exchange;

	if (f->source.fd >= 0) {
		if (x->state != CONNECTING)
			connection_add_facts(f->source.fd, &f->engine->tcp);
		loop_close(f->engine->loop, &f->source);
	}
	loop_cancel_timer(f->engine->loop, &x->deadline);
	x->state = IDLE;
	x->seq++;
	begin_next(f);
}

static void fail(struct engine_flow *f, int error)
{
	struct result_tcp *tcp = &f->engine->tcp;

	engine_take_errors(f->engine, f->source.fd);
	if (error == ECONNREFUSED)
		tcp->refused++;
	else if (error == ECONNRESET || error == EPIPE)
		tcp->resets++;
	else
		engine_count_fault(f->engine, error);
	end(f);
}

static void fire_deadline(struct loop_timer *t)
{
	struct engine_flow *f = container_of(t, struct exchange, deadline)->flow;

	end(f);
	if (f->engine->phase == ENGINE_WAITING)
		engine_settle(f->engine);
}

/* --- what is said ----------------------------------------------------------------------------------------------------- */

static void say(struct engine_flow *f)
{
	struct exchange *x = f->exchange;

	while (x->written_n < x->ask_n) {
		ssize_t n = send(f->source.fd, x->ask + x->written_n, x->ask_n - x->written_n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			fail(f, errno);
			return;
		}
		x->written_n += (size_t)n;
	}
	x->state = HEARING;
	if (f->engine->unix_datagrams && kind(f)->is_silent) {
		end(f);
		return;
	}
	if (kind(f)->half_closes)
		shutdown(f->source.fd, SHUT_WR);
	if (loop_change(f->engine->loop, &f->source, EPOLLIN) < 0)
		fail(f, EIO);
}

static void take_connected(struct engine_flow *f)
{
	struct exchange *x = f->exchange;
	struct engine *e = f->engine;

	int r = proxy_send(f->source.fd, &e->plan->proxy);

	if (r < 0) {
		fail(f, -r);
		return;
	}
	engine_count_connected(f, x->began_ns);
	x->state = ASKING;
	x->written_n = x->heard_n = x->ask_n = 0;
	if (ask_of(f))
		x->ask_n = ask_of(f)(e, &(struct payload_id){ .seq = (uint32_t)x->seq, .flow = f->index }, x->ask);
	say(f);
}

/* --- what is heard ---------------------------------------------------------------------------------------------------- */

static void take_answer(struct engine_flow *f, const struct probe_heard *heard, enum tally_content content)
{
	struct exchange *x = f->exchange;
	struct engine_now now = engine_now();
	const struct pending_slot *slot = pending_slot(&f->track.pending, x->seq);
	struct track_answer answer = {
		.seq = x->seq,
		.content = content,
		.bytes = (uint32_t)heard->n,
		.rtt_ns = now.mono_ns - slot->sent_ns,
		.arrived_ns = now.mono_ns,
	};
	struct result_packet p = {
		.flow = f->index,
		.seq = x->seq,
		.sent_at = engine_wall(slot->sent_ns, slot->clock_ns),
		.rtt_ns = RESULT_KNOWN(answer.rtt_ns),
		.bytes = RESULT_KNOWN((int64_t)heard->n),
	};

	if (kind(f)->note && content == TALLY_INTACT)
		kind(f)->note(f->engine, heard, slot->sent_ns + slot->clock_ns, now.mono_ns + now.clock_ns);
	engine_take_answer(f, &answer, &p);
	end(f);
}

static void hear(struct engine_flow *f)
{
	struct exchange *x = f->exchange;
	struct payload_id id = { .seq = (uint32_t)x->seq, .flow = f->index };
	struct probe_heard heard = { .at = x->heard };
	enum tally_content content;
	ssize_t n = recv(f->source.fd, x->heard + x->heard_n, sizeof(x->heard) - x->heard_n, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		fail(f, errno);
		return;
	}
	x->heard_n += (size_t)n;
	heard.n = x->heard_n;
	heard.ended = n == 0 || f->engine->unix_datagrams;
	/* A server that ends without a word to somebody who spoke first, or was to be spoken to, has not answered. */
	if (heard.ended && heard.n == 0 && !kind(f)->half_closes)
		end(f);
	else if (kind(f)->judge(f->engine, &id, &heard, &content) == PROBE_DONE)
		take_answer(f, &heard, content);
	else if (x->heard_n == sizeof(x->heard))
		take_answer(f, &heard, TALLY_LENGTHENED);
}

static void ready(struct loop_source *source, uint32_t events)
{
	struct engine_flow *f = container_of(source, struct engine_flow, source);
	struct engine *e = f->engine;

	if (f->exchange->state == CONNECTING) {
		int r = connection_error(source->fd);

		if (r < 0)
			fail(f, -r);
		else
			take_connected(f);
	} else if (f->exchange->state == ASKING && (events & EPOLLOUT))
		say(f);
	else
		hear(f);
	if (e->phase == ENGINE_WAITING)
		engine_settle(e);
}

/* --- beginning -------------------------------------------------------------------------------------------------------- */

/* Connects for the next message. False: that failed at once, and the message is lost. */
static bool connect_next(struct engine_flow *f)
{
	struct exchange *x = f->exchange;
	struct engine *e = f->engine;
	const struct flow_ends ends = { .plan = e->plan, .target = &e->target.addr, .from = &x->from, .index = f->index };
	struct engine_now now = engine_now();
	struct pending_slot *slot = pending_slot(&f->track.pending, x->seq);
	char storage[200];
	struct text why = TEXT_OVER(storage);
	int r;

	slot->sent_ns = now.mono_ns;
	slot->clock_ns = now.clock_ns;
	x->began_ns = (uint64_t)now.mono_ns;
	e->last_sent_ns = x->began_ns;
	f->source = (struct loop_source){ .fd = -1, .ready = ready };
	r = connection_open(&ends, &f->source.fd, &why);
	if (r >= 0)
		r = loop_add(e->loop, &f->source, EPOLLOUT);
	if (r >= 0) {
		x->state = CONNECTING;
		loop_set_timer(e->loop, &x->deadline, clock_add(x->began_ns, e->plan->timeout_ns));
		return true;
	}
	fd_close(&f->source.fd);
	if (r == -ECONNREFUSED)
		e->tcp.refused++;
	else
		engine_count_fault(e, -r);
	x->seq++;
	return false;
}

static void begin_next(struct engine_flow *f)
{
	struct exchange *x = f->exchange;

	if (x->seq < pending_first(&f->track.pending))
		x->seq = pending_first(&f->track.pending); /* the ones before waited so long that they are forgotten */
	while (x->state == IDLE && x->seq < track_next(&f->track)) {
		uint8_t state = pending_slot(&f->track.pending, x->seq)->state;

		if (state != PENDING_WAITING)
			x->seq++; /* it waited too long for the one before */
		else if (connect_next(f))
			return;
	}
}

static void send_turn(struct engine_flow *f, const struct engine_turn *turn)
{
	uint32_t said_bytes = ask_of(f) ? f->engine->size_bytes : 0;

	for (unsigned i = 0; i < turn->n; i++) {
		struct engine_now now = engine_now();
		uint64_t seq = track_next(&f->track);
		struct pending_slot *slot = track_sent(&f->track, now.mono_ns, said_bytes);

		slot->clock_ns = now.clock_ns;
		slot->stamp_ns = 0;
		engine_count_late(f, seq, now.mono_ns - (int64_t)turn->due_ns[i]);
	}
	begin_next(f);
}

static int open_exchange(struct engine_flow *f, const struct target_source *from, struct text *why)
{
	const struct plan *plan = f->engine->plan;
	struct exchange *x;

	if (plan->transport == PLAN_UNIX) {
		int r = connection_find_unix(plan->unix_path, &f->engine->unix_datagrams, why);

		if (r < 0)
			return r;
	}
	x = pages_take(memory_bytes(plan));
	if (!x) {
		text_add(why, strerror(ENOMEM));
		return -ENOMEM;
	}
	x->flow = f;
	x->from = *from;
	x->deadline.fire = fire_deadline;
	x->ask = (uint8_t *)(x + 1);
	f->exchange = x;
	return 0;
}

static int start(struct engine_flow *f maybe_unused)
{
	return 0;
}

static bool is_done(const struct engine_flow *f)
{
	return f->exchange->state == IDLE && f->exchange->seq == track_next(&f->track);
}

static void close_exchange(struct engine_flow *f)
{
	if (f->exchange) {
		fd_close(&f->source.fd);
		pages_give(f->exchange, memory_bytes(f->engine->plan));
	}
	f->exchange = NULL;
}

const struct engine_carrier engine_exchange = {
	.open = open_exchange,
	.start = start,
	.send = send_turn,
	.is_done = is_done,
	.report = engine_report_connections,
	.close = close_exchange,
};
