/* SPDX-License-Identifier: MIT */
/* Messages in one connection, of which every byte must come back. */
#include "echoprobe/engine_stream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/pages.h"
#include "echoprobe/connection.h"
#include "echoprobe/engine_private.h"
#include "echoprobe/probe.h"
#include "echoprobe/proxy.h"

#define READ_BYTES 65536

enum state {
	CONNECTING,
	OPEN,
	ENDING, /* our end is closed: the server owes the rest           */
	OVER,   /* the server ended, or it is broken, or it never opened */
};

/* The progress of one of both directions: in which message, and how many of its bytes. */
struct place {
	uint64_t message;
	uint32_t bytes;
};

struct stream {
	enum state state;
	struct target_source from;
	uint64_t began_ns; /* to connect */
	bool has_end;      /* the server's end is seen: datagrams of a UNIX socket have none */
	struct place writing, reading;
	enum tally_content content;  /* of the message that is read */
	uint64_t surplus;            /* bytes beyond all that was sent */
	uint8_t *written, *expected; /* the message that is written, and the one that is read */
	uint8_t buffer[READ_BYTES];
};

static size_t memory_bytes(const struct plan *plan)
{
	return sizeof(struct stream) + 2 * (size_t)plan->size_bytes;
}

/* --- the end of a connection ---------------------------------------------------------------------------------------- */

static void close_connection(struct engine_flow *f)
{
	if (f->source.fd < 0)
		return;
	if (f->stream->state != CONNECTING)
		connection_add_facts(f->source.fd, &f->engine->tcp);
	loop_close(f->engine->loop, &f->source);
}

/* Nothing more comes. Where every flow is over, so is the test. */
static void end(struct engine_flow *f, enum result_tcp_end how)
{
	struct engine *e = f->engine;

	close_connection(f);
	f->stream->state = OVER;
	if (e->tcp.end <= RESULT_TCP_OWED)
		e->tcp.end = how;
	for (size_t i = 0; i < e->flows_n; i++)
		if (e->flows[i].stream->state != OVER)
			return;
	engine_stop(e, RESULT_FAILED);
	engine_settle(e);
}

static void break_off(struct engine_flow *f, int error)
{
	f->engine->tcp.resets += error == ECONNRESET || error == EPIPE;
	if (error != ECONNRESET && error != EPIPE)
		engine_count_fault(f->engine, error);
	end(f, error == ECONNRESET || error == EPIPE ? RESULT_TCP_RESET : RESULT_TCP_OPEN);
}

/* --- writing -------------------------------------------------------------------------------------------------------- */

static void want(struct engine_flow *f, uint32_t events)
{
	if (loop_change(f->engine->loop, &f->source, events) < 0)
		break_off(f, EIO);
}

/* The next bytes of the message under way. How many were taken, or -errno. */
static int write_some(struct engine_flow *f)
{
	struct stream *s = f->stream;
	uint32_t size = f->engine->size_bytes;
	ssize_t n;

	if (s->writing.bytes == 0) {
		struct engine_now now = engine_now();

		/* A server that does not read for long may hold up a message until its time is over and forgotten. */
		if (s->writing.message >= pending_first(&f->track.pending)) {
			struct pending_slot *slot = pending_slot(&f->track.pending, s->writing.message);

			slot->sent_ns = now.mono_ns;
			slot->clock_ns = now.clock_ns;
		}
		f->engine->last_sent_ns = (uint64_t)now.mono_ns;
		f->engine->plan->probe->build(f->engine,
					      &(struct payload_id){ .seq = (uint32_t)s->writing.message, .flow = f->index },
					      s->written);
	}
	n = send(f->source.fd, s->written + s->writing.bytes, size - s->writing.bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
	return n < 0 ? -errno : (int)n;
}

/* Writes what is due, and closes our end when that was all. */
static void flush(struct engine_flow *f)
{
	struct stream *s = f->stream;

	while (s->writing.message < track_next(&f->track)) {
		int n = write_some(f);

		if (n == -EAGAIN || n == -EINTR) {
			want(f, EPOLLIN | EPOLLOUT);
			return;
		}
		if (n < 0) {
			break_off(f, -n);
			return;
		}
		s->writing.bytes += (uint32_t)n;
		if (s->writing.bytes == f->engine->size_bytes)
			s->writing = (struct place){ .message = s->writing.message + 1 };
	}
	want(f, EPOLLIN);
	if (f->engine->phase == ENGINE_WAITING && s->state == OPEN) {
		s->state = ENDING;
		shutdown(f->source.fd, SHUT_WR);
	}
}

static void send_turn(struct engine_flow *f, const struct engine_turn *turn)
{
	for (unsigned i = 0; i < turn->n; i++) {
		struct engine_now now = engine_now();
		uint64_t seq = track_next(&f->track);
		struct pending_slot *slot = track_sent(&f->track, now.mono_ns, f->engine->size_bytes);

		slot->clock_ns = now.clock_ns;
		slot->stamp_ns = 0;
		engine_count_late(f, seq, now.mono_ns - (int64_t)turn->due_ns[i]);
	}
	if (f->stream->state == OPEN)
		flush(f);
}

static void stop(struct engine_flow *f)
{
	if (f->stream->state == OPEN)
		flush(f);
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

static void count_message(struct engine_flow *f, uint64_t seq)
{
	struct stream *s = f->stream;
	struct engine_now now = engine_now();
	const struct pending_slot *slot = pending_slot(&f->track.pending, seq);
	struct track_answer answer = {
		.seq = seq,
		.content = s->content,
		.bytes = f->engine->size_bytes,
		.rtt_ns = now.mono_ns - slot->sent_ns,
		.arrived_ns = now.mono_ns,
	};
	struct result_packet p = {
		.flow = f->index,
		.seq = seq,
		.sent_at = engine_wall(slot->sent_ns, slot->clock_ns),
		.rtt_ns = RESULT_KNOWN(answer.rtt_ns),
		.bytes = RESULT_KNOWN((int64_t)answer.bytes),
	};

	engine_take_answer(f, &answer, &p);
}

static void take_message(struct engine_flow *f)
{
	struct stream *s = f->stream;
	uint64_t seq = s->reading.message;

	if (seq >= pending_first(&f->track.pending))
		count_message(f, seq);
	else
		track_count(&f->track, TRACK_FORGOTTEN, 1);
	s->reading = (struct place){ .message = seq + 1 };
	s->content = TALLY_INTACT;
}

/* Compares what came with what is owed. */
static void take_bytes(struct engine_flow *f, size_t n)
{
	struct stream *s = f->stream;
	uint32_t size = f->engine->size_bytes;

	for (size_t at = 0; at < n;) {
		size_t part = size - s->reading.bytes < n - at ? size - s->reading.bytes : n - at;

		if (s->reading.message >= s->writing.message && s->reading.bytes + part > s->writing.bytes) {
			s->surplus += n - at;
			return;
		}
		if (s->reading.bytes == 0)
			f->engine->plan->probe->build(
				f->engine, &(struct payload_id){ .seq = (uint32_t)s->reading.message, .flow = f->index },
				s->expected);
		if (memcmp(s->buffer + at, s->expected + s->reading.bytes, part) != 0)
			s->content = TALLY_CORRUPTED;
		s->reading.bytes += (uint32_t)part;
		at += part;
		if (s->reading.bytes == size)
			take_message(f);
	}
}

static void take_end(struct engine_flow *f)
{
	const struct stream *s = f->stream;
	bool owes = s->reading.message < track_next(&f->track);

	end(f, s->state == ENDING && !owes ? RESULT_TCP_OWED : RESULT_TCP_EARLY);
}

static void read_some(struct engine_flow *f)
{
	struct stream *s = f->stream;

	for (ssize_t n = READ_BYTES; n == READ_BYTES;) {
		n = recv(f->source.fd, s->buffer, READ_BYTES, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			break_off(f, errno);
			return;
		}
		if (n == 0) {
			take_end(f);
			return;
		}
		take_bytes(f, (size_t)n);
	}
}

/* --- connecting ----------------------------------------------------------------------------------------------------- */

static void take_connected(struct engine_flow *f)
{
	int r = proxy_send(f->source.fd, &f->engine->plan->proxy);

	f->stream->state = OPEN;
	f->stream->has_end = !connection_is_datagrams(f->source.fd);
	engine_count_connected(f, f->stream->began_ns);
	if (r < 0)
		break_off(f, -r);
	else
		want(f, EPOLLIN);
	engine_connected(f->engine);
}

/* Whether it is the other side, or the path, that does not let us connect. */
static bool is_theirs(int error)
{
	return error == ECONNREFUSED || error == ECONNRESET || error == ETIMEDOUT || error == EHOSTUNREACH;
}

/* The packet that would have been sent is lost where the target does not answer, and not sent where we could not try. */
static void take_refused(struct engine_flow *f, int error)
{
	struct engine *e = f->engine;
	struct engine_now now = engine_now();

	e->tcp.refused += error == ECONNREFUSED;
	if (is_theirs(error))
		track_sent(&f->track, now.mono_ns, e->size_bytes)->clock_ns = now.clock_ns;
	else
		track_failed(&f->track, now.mono_ns);
	if (error != ECONNREFUSED)
		engine_count_fault(e, error);
	end(f, RESULT_TCP_OPEN);
}

static void ready(struct loop_source *source, uint32_t events)
{
	struct engine_flow *f = container_of(source, struct engine_flow, source);

	if (f->stream->state == CONNECTING) {
		int r = connection_error(f->source.fd);

		if (r < 0) {
			engine_take_errors(f->engine, source->fd);
			take_refused(f, -r);
			engine_connected(f->engine);
		} else
			take_connected(f);
		return;
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_some(f);
	if (f->stream->state == OPEN && (events & EPOLLOUT))
		flush(f);
	if (f->engine->phase == ENGINE_WAITING && f->stream->state != OVER)
		engine_settle(f->engine);
}

/* --- the carrier ---------------------------------------------------------------------------------------------------- */

static int open_stream(struct engine_flow *f, const struct target_source *from, struct text *why)
{
	struct stream *s = pages_take(memory_bytes(f->engine->plan));

	if (!s) {
		text_add(why, strerror(ENOMEM));
		return -ENOMEM;
	}
	s->from = *from;
	s->written = (uint8_t *)(s + 1);
	s->expected = s->written + f->engine->size_bytes;
	f->stream = s;
	return 0;
}

static int start(struct engine_flow *f)
{
	struct engine *e = f->engine;
	const struct flow_ends ends = {
		.plan = e->plan, .target = &e->target.addr, .from = &f->stream->from, .index = f->index
	};
	char storage[200];
	struct text why = TEXT_OVER(storage);
	int r;

	f->stream->began_ns = clock_mono_ns();
	f->source = (struct loop_source){ .fd = -1, .ready = ready };
	r = connection_open(&ends, &f->source.fd, &why);
	if (r >= 0)
		r = loop_add(e->loop, &f->source, EPOLLOUT);
	if (r < 0) {
		fd_close(&f->source.fd);
		take_refused(f, -r);
		return 0;
	}
	return 1; /* one that is connected at once is writable at once */
}

static bool is_done(const struct engine_flow *f)
{
	const struct stream *s = f->stream;

	return s->state == OVER || (s->state == ENDING && !s->has_end && s->reading.message == track_next(&f->track));
}

static void report(struct engine *e, struct result *ret)
{
	uint64_t surplus = 0;

	for (size_t i = 0; i < e->flows_n; i++) {
		const struct stream *s = e->flows[i].stream;

		surplus += s->surplus;
		if (e->phase == ENGINE_OVER && s->state == ENDING && s->has_end)
			e->tcp.end = RESULT_TCP_UNANSWERED;
	}
	if (surplus > 0)
		notes_addf(&e->notes, "%llu bytes came that were never sent", (unsigned long long)surplus);
	ret->notes_n = e->notes.n;
	engine_report_connections(e, ret);
}

static void close_stream(struct engine_flow *f)
{
	if (f->stream) {
		fd_close(&f->source.fd);
		pages_give(f->stream, memory_bytes(f->engine->plan));
	}
	f->stream = NULL;
}

const struct engine_carrier engine_stream = {
	.open = open_stream,
	.start = start,
	.send = send_turn,
	.stop = stop,
	.is_done = is_done,
	.report = report,
	.close = close_stream,
};
