/* SPDX-License-Identifier: MIT */
/*
 * Each service in a session, over a stream: what is said depends on the bytes alone, not on the pieces in which they come
 * nor on what the memory held before; never more is written than there is room or max_bytes permit.
 *
 * Covers: daemon/session/session.c daemon/session/pace.c daemon/service/chargen.c daemon/service/discard.c
 * daemon/service/qotd.c daemon/service/daytime_nist.c daemon/service/time.c daemon/service/tcpmux.c daemon/service/info.c daemon/service/line.c daemon/service/output.c
 */
#include "fuzz_service.h"

#include "session/session.h"

#define SAID_MAX 20000 /* bytes, after which a session that goes on is left */
#define STEPS_MAX 20000

/* One session, as it was. */
struct run {
	uint8_t said[SAID_MAX + 65536 + SVC_OUT_MIN];
	size_t said_n, used_n;
	enum session_next last;
	enum session_end end;
	size_t become;
};

struct play {
	const struct service *service;
	const struct svc_context *ctx;
	struct session_rules rules;
	const struct lookup_answer *answer;
	struct fuzz bytes;
};

static uint8_t out[SVC_OUT_MIN];
static _Alignas(max_align_t) uint8_t state[SVC_STATE_MAX];

/* Bytes of the client's next piece: all there is where pieces is 0, else by its bits. */
static size_t piece_of(size_t left, uint32_t *pieces)
{
	size_t n;

	if (*pieces == 0)
		return left;
	*pieces = *pieces * 1664525 + 1013904223;
	n = 1 + (*pieces >> 16) % 13;
	return n < left ? n : left;
}

/* The words of a step, and the octets it used. */
static void take(const struct play *p, struct session *s, const struct svc_io *io, struct run *r)
{
	MUST(io->in_used <= io->in_len);
	MUST(io->out_len <= ((p->service->traits & SVC_MIRROR) != 0 ? io->in_len : sizeof(out)));
	if (io->out_len > 0)
		memcpy(r->said + r->said_n, io->out, io->out_len);
	r->said_n += io->out_len;
	r->used_n += io->in_used;
	if (io->out_len > 0 && r->last != SESSION_ABORT)
		session_sent(s, io->out_len, s->active_ns);
	MUST(p->rules.max_bytes == 0 || r->said_n <= p->rules.max_bytes);
}

/* Steps until the session wants what has not come yet, or is over. `given`: bytes that the client has sent. */
static void step(const struct play *p, struct session *s, size_t given, struct run *r)
{
	uint64_t now_ns = s->active_ns;

	for (unsigned steps = 0; r->said_n < SAID_MAX; steps++) {
		uint8_t *in = fuzz_exact(p->bytes.at + r->used_n, given - r->used_n, false);
		struct svc_io io = { .in = in, .in_len = given - r->used_n, .out = out, .out_cap = sizeof(out) };

		MUST(steps < STEPS_MAX);
		io.eof = given == p->bytes.n && (p->rules.proxy == PROXY_OFF);
		r->last = r->last == SESSION_ASK ? session_answer(s, p->ctx, p->answer, &io) : session_step(s, p->ctx, &io);
		take(p, s, &io, r);
		r->become = io.become;
		free(in);
		if (r->last == SESSION_PAUSE) {
			now_ns = session_deadline(s, false);
			MUST(now_ns != CLOCK_NEVER && session_expired(s, now_ns) == SESSION_END_NONE);
			s->active_ns = now_ns;
		} else if (r->last != SESSION_AGAIN && r->last != SESSION_ASK) {
			return;
		}
	}
}

static void play(const struct play *p, uint32_t pieces, uint8_t before, struct run *r)
{
	struct session s;
	size_t given = 0;

	memset(r, 0, sizeof(*r));
	memset(out, before, sizeof(out));
	memset(state, before, sizeof(state));
	memset(&s, before, sizeof(s));
	r->last = SESSION_READ;
	session_begin(&s, p->service, &p->rules, state, CLOCK_S_NS);
	if (pieces != 0)
		step(p, &s, p->bytes.n == 0 ? 0 : given, r);
	while (r->last == SESSION_READ && r->said_n < SAID_MAX) {
		size_t n = piece_of(p->bytes.n - given, &pieces);

		if (n == 0 && given > 0 && s.eof)
			break;
		given += n;
		if (n > 0)
			session_received(&s, n, s.active_ns);
		step(p, &s, given, r);
		if (r->last == SESSION_READ)
			MUST(r->used_n == given);
		if (given == p->bytes.n)
			break;
	}
	r->end = (enum session_end)s.end;
	MUST(session_end_name(r->end) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct lookup_answer found = { .result = LOOKUP_FOUND,
						    .name = "found.example",
						    .addresses_n = 1,
						    .addresses = { { .family = AF_INET, .bytes = { 192, 0, 2, 1 } } } };
	static struct run whole, parts;
	struct fuzz f = { data, n };
	struct fuzz_context c;
	struct play p = { .service = fuzz_service(&f, TRANSPORT_STREAMS), .answer = &found };
	uint32_t pieces = fuzz_octet(&f) + 1U;

	p.rules.max_bytes = fuzz_octet(&f) % 4 == 1 ? fuzz_octet(&f) : 0;
	p.rules.pace_bytes_per_s = UINT64_C(4096) << fuzz_octet(&f) % 8;
	fuzz_context(&f, &c);
	c.ctx.transport = TRANSPORT_TCP;
	p.ctx = &c.ctx;
	p.bytes = f;
	play(&p, 0, 0x00, &whole);
	play(&p, pieces, 0xFF, &parts);
	if (whole.said_n < SAID_MAX || parts.said_n < SAID_MAX) {
		MUST(whole.said_n == parts.said_n);
		MUST(whole.end == parts.end);
		MUST((whole.last == SESSION_BECOME) == (parts.last == SESSION_BECOME));
		MUST(whole.last != SESSION_BECOME ||
		     (whole.used_n == parts.used_n && whole.become == parts.become && whole.become < FUZZ_NAMES_N));
	}
	MUST(memcmp(whole.said, parts.said, whole.said_n < parts.said_n ? whole.said_n : parts.said_n) == 0);
	return 0;
}
