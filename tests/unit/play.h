/* SPDX-License-Identifier: MIT */
/* For tests of sessions: a service that does what the test says, and a worker that does what the session says. */
#pragma once

#include "test.h"

#include <string.h>

#include "session/session.h"

#define START (1000 * CLOCK_S_NS)
#define ROOM 8192

/* ---- a service that does what a test tells it to ---- */

static struct {
	enum svc_verdict open, input, answer;
	const char *say; /* by each of them                          */
	size_t say_n;    /* instead of `say`: so many bytes of 'x'   */
	size_t leave;    /* bytes of input that are not used         */
	/* What it saw. */
	unsigned opened, asked, answered;
	size_t seen_in, seen_room;
	bool seen_eof;
	size_t become;
} play;

struct play_state {
	unsigned calls;
};

static inline enum svc_verdict say(struct svc_io *io, enum svc_verdict v)
{
	const char *text = play.say != NULL ? play.say : "";
	size_t n = play.say_n != 0 ? play.say_n : strlen(text), room = io->out_cap - io->out_len;

	play.seen_room = room;
	if (n > room)
		n = room;
	if (play.say_n != 0)
		memset(io->out + io->out_len, 'x', n);
	else
		memcpy(io->out + io->out_len, text, n);
	io->out_len += n;
	io->become = play.become;
	return v;
}

static inline enum svc_verdict play_open(void *state, const struct svc_context *ctx maybe_unused, struct svc_io *io)
{
	((struct play_state *)state)->calls++;
	play.opened++;
	return say(io, play.open);
}

static inline enum svc_verdict play_input(void *state, const struct svc_context *ctx maybe_unused, struct svc_io *io)
{
	((struct play_state *)state)->calls++;
	play.asked++;
	play.seen_in = io->in_len;
	play.seen_eof = io->eof;
	io->in_used = io->in_len - play.leave;
	return say(io, play.input);
}

static inline enum svc_verdict play_answer(void *state maybe_unused, const struct svc_context *ctx maybe_unused,
					   const struct lookup_answer *answer, struct svc_io *io)
{
	play.answered++;
	assert_int_equal(answer->result, LOOKUP_FOUND);
	return say(io, play.answer);
}

maybe_unused static const struct service speaks = { .name = "speaks",
						    .state_bytes = sizeof(struct play_state),
						    .open = play_open,
						    .input = play_input,
						    .traits = SVC_SPEAKS_FIRST };
maybe_unused static const struct service listens = { .name = "listens",
						     .state_bytes = sizeof(struct play_state),
						     .input = play_input };
maybe_unused static const struct service request = { .name = "request",
						     .state_bytes = sizeof(struct play_state),
						     .input = play_input,
						     .answer = play_answer,
						     .traits = SVC_REQUEST | SVC_LOOKS_UP };
maybe_unused static const struct service endless = { .name = "endless",
						     .state_bytes = sizeof(struct play_state),
						     .open = play_open,
						     .input = play_input,
						     .traits = SVC_SPEAKS_FIRST | SVC_PACED };
maybe_unused static const struct service mirror = { .name = "mirror", .traits = SVC_MIRROR };

/* ---- a worker that does what a session tells it to ---- */

static const struct svc_context no_context;
static const struct session_rules no_rules;
maybe_unused static const struct session_rules ten_bytes = { .max_bytes = 10 };

static struct {
	struct session s;
	struct svc_io io;
	uint8_t state[SVC_STATE_MAX];
	uint8_t out[ROOM];
	uint64_t now_ns;
} w;

static inline void begin(const struct service *service, const struct session_rules *rules)
{
	memset(&play, 0, sizeof(play));
	memset(&w, 0, sizeof(w));
	memset(w.state, 0xAA, sizeof(w.state));
	w.now_ns = START;
	session_begin(&w.s, service, rules, w.state, w.now_ns);
}

static inline void offer(const char *in, size_t n, bool eof)
{
	w.io = (struct svc_io){ .in = (const uint8_t *)in, .in_len = n, .eof = eof, .out = w.out, .out_cap = sizeof(w.out) };
}

static inline enum session_next step(void)
{
	return session_step(&w.s, &no_context, &w.io);
}

/* What arrives now. */
static inline enum session_next receive(const char *in, bool eof)
{
	size_t n = strlen(in);

	offer(in, n, eof);
	if (n != 0)
		session_received(&w.s, n, w.now_ns);
	return step();
}

/* The output is gone; the next step gets what is left. */
static inline enum session_next again(void)
{
	if (w.io.out_len != 0)
		session_sent(&w.s, w.io.out_len, w.now_ns);
	offer((const char *)w.io.in + w.io.in_used, w.io.in_len - w.io.in_used, w.io.eof);
	return step();
}

static inline void expect_output(const char *text)
{
	assert_int_equal(w.io.out_len, strlen(text));
	assert_memory_equal(w.io.out, text, strlen(text));
}
