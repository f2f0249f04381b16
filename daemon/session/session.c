/* SPDX-License-Identifier: MIT */
/*
 * One client's life, as a machine without hands: it calls the service, holds the limits and tells the worker what to do
 * next.
 *
 * Flow: step() cuts the input to what may still come, lets the service (or, for a mirror, nobody) make the output, cuts
 * that, and turns the service's verdict into what comes next.
 */
#include "session/session.h"

#include <assert.h>
#include <string.h>

_Static_assert(PACE_ROOM_MIN >= SVC_OUT_MIN, "a paced service is called with less room than it may count on");

const char *session_end_name(enum session_end e)
{
	static const char *const names[] = {
		"none", "eof", "idle", "reset", "limit", "drain", "killed", "room", "impaired"
	};

	assert((size_t)e < array_n(names));
	return names[e];
}

static bool has_trait(const struct session *s, unsigned trait)
{
	return (s->service->traits & trait) != 0;
}

static bool is_paced(const struct session *s)
{
	return has_trait(s, SVC_PACED) && s->rules->pace_bytes_per_s != 0;
}

/* The service at its beginning, whether the session is new or has become another one. */
static void enter(struct session *s, const struct service *service, const struct session_rules *rules)
{
	s->service = service;
	s->rules = rules;
	s->phase = SESSION_OPENING;
	s->request_ns = s->active_ns;
	s->wake_ns = CLOCK_NEVER;
	s->request_done = false;
	s->flushing = false;
	if (service->state_bytes != 0)
		memset(s->state, 0, service->state_bytes);
	if (is_paced(s))
		pace_begin(&s->pace, rules->pace_bytes_per_s, s->active_ns);
}

void session_begin(struct session *s, const struct service *service, const struct session_rules *rules, void *state,
		   uint64_t now_ns)
{
	*s = (struct session){ .state = state, .started_ns = now_ns, .active_ns = now_ns };
	enter(s, service, rules);
}

void session_become(struct session *s, const struct service *service, const struct session_rules *rules)
{
	enter(s, service, rules);
}

void session_received(struct session *s, size_t n, uint64_t now_ns)
{
	s->in_bytes += n;
	s->active_ns = now_ns;
}

void session_sent(struct session *s, size_t n, uint64_t now_ns)
{
	s->out_bytes += n;
	s->active_ns = now_ns;
}

/* ---- max_bytes and pace ---- */

/* The number of n bytes, which follow `before` others in their direction, that max_bytes lets pass. */
static size_t within_limit(const struct session *s, uint64_t before, size_t n)
{
	uint64_t most = s->rules->max_bytes;

	if (most == 0)
		return n;
	if (before >= most)
		return 0;
	return most - before < n ? (size_t)(most - before) : n;
}

static enum session_next finish(struct session *s, enum session_end end)
{
	s->end = (uint8_t)end;
	return s->eof ? SESSION_CLOSE : SESSION_FINISH;
}

/* Cuts the output. Why the session ends with it; SESSION_END_NONE: it goes on. */
static enum session_end cut_output(const struct session *s, struct svc_io *io)
{
	uint64_t last = s->rules->close_after_bytes;
	size_t most = within_limit(s, s->out_bytes, io->out_len);
	bool cut = most < io->out_len;

	io->out_len = most;
	if (last == 0 || s->out_bytes + most < last)
		return cut ? SESSION_END_LIMIT : SESSION_END_NONE;
	io->out_len = s->out_bytes < last ? (size_t)(last - s->out_bytes) : 0;
	return SESSION_END_IMPAIRED;
}

/* Nobody tells a step the time, but it is not earlier than the last byte, nor than the end of a pause. */
static uint64_t now_at_least(const struct session *s)
{
	return s->wake_ns != CLOCK_NEVER && s->wake_ns > s->active_ns ? s->wake_ns : s->active_ns;
}

/* Limits a paced service's room to what may be sent by now. False if that is too little to call it: wake_ns says when it
 * is not. */
static bool limit_room(struct session *s, struct svc_io *io, uint64_t now_ns)
{
	uint64_t room = pace_room(&s->pace, s->rules->pace_bytes_per_s, now_ns);

	s->wake_ns = CLOCK_NEVER;
	if (room < SVC_OUT_MIN) {
		s->wake_ns = pace_ready_ns(&s->pace, s->rules->pace_bytes_per_s);
		return false;
	}
	if (room < io->out_cap)
		io->out_cap = (size_t)room;
	return true;
}

/* ---- verdicts ---- */

/* From the service's verdict to what comes next. given: how much of io's input the service was shown. */
static enum session_next conclude(struct session *s, struct svc_io *io, enum svc_verdict v, size_t given)
{
	bool used_up = given < io->in_len && io->in_used == given; /* all that max_bytes let pass, and more came */
	enum session_end end;

	if (v == SVC_DROP) {
		io->out_len = 0;
		s->end = SESSION_END_RESET;
		return SESSION_ABORT;
	}
	end = cut_output(s, io);
	if (end != SESSION_END_NONE)
		return finish(s, end);
	s->flushing = v == SVC_FLUSH;
	s->request_done |= v != SVC_MORE; /* a long answer is one too */
	switch (v) {
	case SVC_MORE:
		assert(io->in_used == given);
		if (used_up)
			return finish(s, SESSION_END_LIMIT);
		return s->eof ? finish(s, SESSION_END_EOF) : SESSION_READ;
	case SVC_FLUSH:
		/* An answer to what was let pass is completed; what never ends is not waited for. */
		return used_up && has_trait(s, SVC_PACED) ? finish(s, SESSION_END_LIMIT) : SESSION_AGAIN;
	case SVC_ASK:
		s->phase = SESSION_ASKING;
		return SESSION_ASK;
	case SVC_BECOME:
		return SESSION_BECOME;
	default:
		return finish(s, SESSION_END_EOF);
	}
}

/* `input` is still to be called for what came, but has not the room that it may count on until this output is gone. */
static enum svc_verdict then_input(enum svc_verdict v, const struct svc_io *io)
{
	return v == SVC_MORE && (io->in_used < io->in_len || io->eof) ? SVC_FLUSH : v;
}

static enum svc_verdict call_service(struct session *s, const struct svc_context *ctx, struct svc_io *io)
{
	if (s->phase == SESSION_OPENING) {
		enum svc_verdict v = s->service->open ? s->service->open(s->state, ctx, io) : SVC_MORE;

		s->phase = SESSION_OPEN;
		if (v != SVC_MORE || io->out_len != 0)
			return then_input(v, io);
	}
	return io->in_len != 0 || io->eof || s->flushing ? s->service->input(s->state, ctx, io) : SVC_MORE;
}

/* Echo without a copy: the output lies where the input was read. */
static enum session_next mirror(struct session *s, struct svc_io *io)
{
	size_t n = within_limit(s, s->in_bytes - io->in_len, io->in_len);
	enum session_end end;

	s->phase = SESSION_OPEN;
	io->in_used = io->in_len;
	io->out = (uint8_t *)io->in;
	io->out_cap = io->in_len;
	io->out_len = n;
	end = cut_output(s, io);
	if (end == SESSION_END_NONE && n < io->in_len)
		end = SESSION_END_LIMIT;
	if (end != SESSION_END_NONE)
		return finish(s, end);
	return s->eof ? finish(s, SESSION_END_EOF) : SESSION_READ;
}

enum session_next session_step(struct session *s, const struct svc_context *ctx, struct svc_io *io)
{
	uint64_t now_ns = now_at_least(s);
	size_t came = io->in_len, given = within_limit(s, s->in_bytes - came, came);
	enum svc_verdict v;

	assert(s->phase == SESSION_OPENING || s->phase == SESSION_OPEN);
	assert(s->in_bytes >= came && io->in_used == 0 && io->out_len == 0);
	s->eof |= io->eof;
	if (has_trait(s, SVC_MIRROR))
		return mirror(s, io);
	assert(io->out_cap >= SVC_OUT_MIN);
	if (is_paced(s) && !limit_room(s, io, now_ns))
		return SESSION_PAUSE;
	io->in_len = given;
	io->eof = s->eof && given == came;
	v = call_service(s, ctx, io);
	io->in_len = came;
	io->eof = s->eof;
	if (is_paced(s))
		pace_spend(&s->pace, s->rules->pace_bytes_per_s, io->out_len, now_ns);
	return conclude(s, io, v, given);
}

enum session_next session_answer(struct session *s, const struct svc_context *ctx, const struct lookup_answer *answer,
				 struct svc_io *io)
{
	assert(s->phase == SESSION_ASKING);
	s->phase = SESSION_OPEN;
	s->eof |= io->eof;
	io->eof = s->eof;
	return conclude(s, io, then_input(s->service->answer(s->state, ctx, answer, io), io), io->in_len);
}

/* ---- time ---- */

static void leave(struct session *s, enum session_phase phase)
{
	s->phase = (uint8_t)phase;
	s->wake_ns = CLOCK_NEVER;
	if (s->end == SESSION_END_NONE)
		s->end = SESSION_END_EOF;
}

void session_closing(struct session *s)
{
	leave(s, SESSION_CLOSING);
}

void session_linger(struct session *s, uint64_t now_ns)
{
	leave(s, SESSION_LINGERING);
	s->wake_ns = clock_add(now_ns, SESSION_LINGER_NS);
}

void session_stall(struct session *s, uint64_t now_ns)
{
	uint64_t idle_ns = s->rules->idle_timeout_ns;

	leave(s, SESSION_STALLED);
	s->wake_ns = clock_add(now_ns, idle_ns && idle_ns < SESSION_STALL_NS ? idle_ns : SESSION_STALL_NS);
}

/* from + limit, where a limit of 0 is none. */
static uint64_t due(uint64_t from_ns, uint64_t limit_ns)
{
	return limit_ns != 0 ? clock_add(from_ns, limit_ns) : CLOCK_NEVER;
}

static uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

/* The time when the session is over, whatever its client does until then. */
static uint64_t limit_at(const struct session *s)
{
	uint64_t at_ns = due(s->started_ns, s->rules->session_timeout_ns);

	if (has_trait(s, SVC_REQUEST) && !s->request_done)
		at_ns = earlier(at_ns, due(s->request_ns, s->rules->request_timeout_ns));
	return at_ns;
}

/* The time when a session has been idle for too long. While it waits for the resolver or its own pace the silence is
 * ours. */
static uint64_t idle_at(const struct session *s)
{
	return s->phase == SESSION_ASKING ? CLOCK_NEVER : due(now_at_least(s), s->rules->idle_timeout_ns);
}

uint64_t session_deadline(const struct session *s, bool owed)
{
	uint64_t at_ns;

	if (s->phase >= SESSION_LINGERING)
		return s->wake_ns;
	at_ns = earlier(limit_at(s), idle_at(s));
	return owed ? at_ns : earlier(at_ns, s->wake_ns);
}

enum session_end session_expired(const struct session *s, uint64_t now_ns)
{
	if (s->phase >= SESSION_LINGERING)
		return now_ns >= s->wake_ns ? (enum session_end)s->end : SESSION_END_NONE;
	if (now_ns >= limit_at(s))
		return SESSION_END_LIMIT;
	return now_ns >= idle_at(s) ? SESSION_END_IDLE : SESSION_END_NONE;
}
