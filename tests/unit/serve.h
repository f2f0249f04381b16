/* SPDX-License-Identifier: MIT */
/*
 * A client for tests of services: plays the session's part (service.h) without a socket.
 *
 * Flow: serve_begin; then serve_open, serve_send, serve_end, serve_resolve for a stream, or serve_datagram; what was said is
 * in `said`. Each call checks what a service promises: no byte beyond its output, no input used that is not there.
 */
#pragma once

#include "test.h"

#include <string.h>
#include <sys/socket.h>

#include "service/service.h"

#define SERVE_BYTES_MAX 65536
#define SERVE_CANARY 0xA5

struct serve {
	const struct service *service;
	struct svc_options options;
	struct svc_context ctx;
	struct svc_facts facts;
	struct svc_sending sending; /* of the last datagram's answer */
	_Alignas(max_align_t) uint8_t state[SVC_STATE_MAX];
	size_t out_cap; /* of each call                                      */
	size_t enough;  /* bytes said after which SVC_FLUSH is not followed  */
	/* The client's side. */
	uint8_t pending[SERVE_BYTES_MAX]; /* sent, not used yet */
	size_t pending_n;
	char said[SERVE_BYTES_MAX + 1]; /* with a NUL */
	size_t said_n;
	bool eof;
	enum svc_verdict verdict;
	struct lookup_question question;
	size_t become;
};

static inline void serve_begin(struct serve *s, const char *service, enum transport transport)
{
	memset(s, 0, sizeof(*s));
	s->service = service_find(service);
	assert_non_null(s->service);
	s->options.zone = &zone_utc;
	s->options.format = "rfc867";
	s->ctx.options = &s->options;
	s->ctx.transport = transport;
	s->ctx.facts = &s->facts;
	s->facts = (struct svc_facts){ .ttl = -1, .traffic_class = -1, .dropped = -1 };
	s->ctx.host_name = "here.example";
	s->ctx.wall.tv_sec = 1795351771; /* 2026-11-22 12:49:31 */
	s->ctx.clock = (struct clock_status){ .state = CLOCK_SYNCHRONISED, .max_error_us = 1000 };
	s->ctx.peer = (struct addr){ .family = AF_INET, .port = 40000, .bytes = { 192, 0, 2, 7 } };
	s->out_cap = SVC_OUT_MIN;
	s->enough = SERVE_BYTES_MAX - SVC_OUT_MIN;
}

/* One call of whichever function; answer: NULL but for the resolver's. */
static inline void serve_call(struct serve *s, bool open, const struct lookup_answer *answer)
{
	static uint8_t out[SERVE_BYTES_MAX + 1];
	struct svc_io io = { .in = s->pending, .in_len = s->pending_n, .eof = s->eof, .out = out, .out_cap = s->out_cap };
	void *state = s->service->state_bytes > 0 ? s->state : NULL;

	out[s->out_cap] = SERVE_CANARY;
	if (answer != NULL)
		s->verdict = s->service->answer(state, &s->ctx, answer, &io);
	else
		s->verdict = (open ? s->service->open : s->service->input)(state, &s->ctx, &io);
	assert_true(io.out_len <= io.out_cap);
	assert_int_equal(out[s->out_cap], SERVE_CANARY);
	assert_true(io.in_used <= io.in_len);
	if (s->verdict == SVC_MORE)
		assert_int_equal(io.in_used, io.in_len);
	memmove(s->pending, s->pending + io.in_used, s->pending_n - io.in_used);
	s->pending_n -= io.in_used;
	assert_true(s->said_n + io.out_len <= SERVE_BYTES_MAX);
	memcpy(s->said + s->said_n, out, io.out_len);
	s->said_n += io.out_len;
	s->said[s->said_n] = '\0';
	s->question = io.question;
	s->become = io.become;
	s->sending = io.sending;
}

/* As long as there is more to say. A service that says nothing while its output is empty would go round for ever. */
static inline void serve_flush(struct serve *s)
{
	while (s->verdict == SVC_FLUSH && s->said_n < s->enough) {
		size_t before = s->said_n;

		serve_call(s, false, NULL);
		assert_true(s->verdict != SVC_FLUSH || s->said_n > before);
	}
}

static inline void serve_open(struct serve *s)
{
	serve_call(s, true, NULL);
	serve_flush(s);
}

static inline void serve_send_bytes(struct serve *s, const void *bytes, size_t n)
{
	assert_true(s->pending_n + n <= SERVE_BYTES_MAX);
	memcpy(s->pending + s->pending_n, bytes, n);
	s->pending_n += n;
	serve_call(s, false, NULL);
	serve_flush(s);
}

static inline void serve_send(struct serve *s, const char *text)
{
	serve_send_bytes(s, text, strlen(text));
}

/* The client closes its direction. */
static inline void serve_end(struct serve *s)
{
	s->eof = true;
	serve_call(s, false, NULL);
	serve_flush(s);
}

static inline void serve_resolve(struct serve *s, const struct lookup_answer *answer)
{
	assert_int_equal(s->verdict, SVC_ASK);
	serve_call(s, false, answer);
	serve_flush(s);
}

/* One datagram, which may be answered by up to `room` bytes. */
static inline void serve_datagram(struct serve *s, const void *bytes, size_t n, size_t room)
{
	memset(s->state, 0, sizeof(s->state));
	memcpy(s->pending, bytes, n);
	s->pending_n = n;
	s->said_n = 0;
	s->out_cap = room;
	serve_call(s, false, NULL);
	assert_int_not_equal(s->verdict, SVC_FLUSH);
}
