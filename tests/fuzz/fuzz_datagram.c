/* SPDX-License-Identifier: MIT */
/*
 * A datagram's way: the checks, the most bytes that its answer may have, its service, the seal. The answer is never longer,
 * holds nothing of what the memory held before, and is the same where it is written in the request's place.
 *
 * Covers: daemon/admission/datagram_checks.c daemon/admission/loopguard.c daemon/admission/ports.c daemon/service/stamp.c
 * daemon/service/stamp_sessions.c daemon/service/info.c daemon/service/output.c
 *
 * Under 80 % of ports.c: two thirds of it is a table of ports, each a line.
 */
#include "fuzz_service.h"

#include "admission/datagram_checks.h"
#include "admission/loopguard.h"
#include "service/stamp_sessions.h"
#include "wire/stamp_hmac.h"

#define ROOM_MAX 65535

/* The fate of one. */
struct run {
	enum svc_verdict verdict;
	struct svc_sending sending;
	uint8_t *out;
	size_t n;
};

/* Others ask, and the same one, before and after they are forgotten: what is kept of them changes. */
static void ask_before(const struct service *service, struct fuzz_context *c, struct svc_io io)
{
	static uint8_t out[ROOM_MAX];
	const uint16_t port = c->ctx.peer.port;

	io.out = out;
	for (unsigned i = 0; i < 12; i++) {
		c->ctx.peer.port = (uint16_t)(port + i % 6);
		c->facts.now_ns = i * (STAMP_REFWAIT_NS / 5);
		(void)service->input(NULL, &c->ctx, &io);
		io.in_used = io.out_len = 0;
		io.sending = (struct svc_sending){ 0 };
	}
	c->ctx.peer.port = port;
}

static struct run room_of(size_t n, uint8_t before)
{
	struct run r = { .out = malloc(n > 0 ? n : 1), .n = n };

	MUST(r.out);
	memset(r.out, before, n);
	return r;
}

/* r: room for the answer, of so many octets. */
static struct run answer(const struct service *service, struct fuzz_context *c, const struct fuzz *f, struct run r)
{
	const size_t room = r.n;
	size_t memory_n = service->needs.memory ? service->needs.memory(&c->options) : 0;
	uint8_t state[SVC_STATE_MAX] = { 0 };
	uint8_t *in = fuzz_exact(f->at, f->n, false);
	struct svc_io io = { .in = in, .in_len = f->n, .out = r.out, .out_cap = room };

	c->ctx.memory = memory_n > 0 ? calloc(1, memory_n) : NULL;
	if (memory_n > 0)
		ask_before(service, c, io);
	r.verdict = service->input(state, &c->ctx, &io);
	r.n = io.out_len;
	r.sending = io.sending;
	MUST(io.in_used <= io.in_len && io.out_len <= room);
	MUST(r.verdict != SVC_FLUSH && r.verdict != SVC_ASK && r.verdict != SVC_BECOME);
	if (r.verdict == SVC_DONE && service->needs.seal)
		service->needs.seal(&c->ctx, io.sending.handle, r.out, r.n);
	if (r.verdict == SVC_DONE && service->needs.depart && io.sending.departs)
		service->needs.depart(&c->ctx, &(struct svc_departure){ io.sending.handle, c->ctx.wall, c->ctx.wall });
	free(c->ctx.memory);
	c->ctx.memory = NULL;
	free(in);
	return r;
}

/* The same where the answer is written over its request. */
static void check_in_place(const struct service *service, struct fuzz_context *c, const struct fuzz *f, const struct run *r)
{
	size_t memory_n = service->needs.memory ? service->needs.memory(&c->options) : 0;
	uint8_t *bytes = fuzz_exact(f->at, f->n, false);
	struct svc_io io = { .in = bytes, .in_len = f->n, .out = bytes, .out_cap = f->n };

	c->ctx.memory = memory_n > 0 ? calloc(1, memory_n) : NULL;
	if (memory_n > 0)
		ask_before(service, c, io);
	MUST(service->input(NULL, &c->ctx, &io) == r->verdict && (r->verdict != SVC_DONE || io.out_len == r->n));
	if (r->verdict == SVC_DONE && service->needs.seal)
		service->needs.seal(&c->ctx, io.sending.handle, bytes, io.out_len);
	MUST(r->verdict != SVC_DONE || memcmp(bytes, r->out, r->n) == 0);
	free(c->ctx.memory);
	c->ctx.memory = NULL;
	free(bytes);
}

/* Whom the checks let pass. */
static void check_source(const struct admission_rules *rules, const struct ports *served, const struct checked_packet *p)
{
	enum refusal refused = datagram_checks_all(rules, served, p);

	MUST(refusal_name(refused) != NULL);
	if (refused != REFUSED_NOT)
		return;
	MUST(!p->truncated && p->source.port != 0 && !ports_has(served, p->source.port));
	MUST(!addr_is_multicast(&p->source) && !addr_is_any(&p->source) && !addr_is_multicast(&p->destination));
	MUST(p->over_loopback || !addr_is_loopback(&p->source));
	MUST(!ports_responds(p->source.port));
	MUST(rules->max_datagram == 0 || p->length <= rules->max_datagram);
}

/* A datagram that comes again and again is dropped once in LOOPGUARD_EVERY. */
static void check_loop(const struct addr *source, const struct fuzz *f)
{
	static _Atomic uint64_t counts[LOOPGUARD_COUNTS];
	const struct loopguard guard = { .key = { { 1, 2 } }, .counts = counts };
	uint8_t *payload = fuzz_exact(f->at, f->n, false);
	const uint8_t *row[64];
	unsigned dropped = 0;
	struct loopguard_datagrams d = { .source = source, .n = array_n(row), .bytes = (uint32_t)f->n, .payloads = row };

	memset(counts, 0, sizeof(counts));
	for (size_t i = 0; i < array_n(row); i++)
		row[i] = payload;
	for (unsigned i = 0; i < 2 * LOOPGUARD_EVERY; i += d.n) {
		uint32_t which = loopguard_drops(&guard, &d);

		MUST(which == LOOPGUARD_NONE || which < d.n);
		dropped += which != LOOPGUARD_NONE;
	}
	MUST(dropped <= 2);
	MUST(dropped >= 1 || (source->port >= LOOPGUARD_CLIENTS_FIRST && source->port <= LOOPGUARD_CLIENTS_LAST));
	free(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz f = { data, n };
	const struct service *service = fuzz_service(&f, TRANSPORT_UDP);
	static struct ports served;
	static struct stamp_hmac key maybe_unused; /* without libsodium */
	struct fuzz_context c;
	uint8_t bits = fuzz_octet(&f);
	struct admission_rules rules = { .amplification = 1000, .max_datagram = bits & 2 ? 512 : 0 };
	struct checked_packet p = { .transport = TRANSPORT_UDP, .over_loopback = bits & 4, .truncated = (bits & 0x78) == 8 };
	struct run first, second;
	size_t room;

	fuzz_context(&f, &c);
	c.ctx.transport = TRANSPORT_UDP;
#ifdef HAVE_SODIUM
	MUST(stamp_hmac_key((const uint8_t *)"0123456789abcdef", 16, &key) == 0);
	c.options.stamp.key = bits & 1 ? &key : NULL;
#endif
	ports_add(&served, 7);
	p.source = c.ctx.peer;
	p.destination = p.local = c.ctx.local;
	p.length = (uint32_t)f.n;
	check_source(&rules, &served, &p);
	if (f.n < 256 && bits & 128)
		check_loop(&c.ctx.peer, &f);
	room = datagram_checks_answer_max(&rules, service, &p);
	MUST(room <= (p.length > SVC_BRIEF_MAX ? p.length : SVC_BRIEF_MAX));
	room = room < ROOM_MAX ? room : ROOM_MAX;
	first = answer(service, &c, &f, room_of(room, 0x55));
	second = answer(service, &c, &f, room_of(room, 0xAA));
	MUST(first.verdict == second.verdict && first.n == second.n);
	MUST(first.verdict != SVC_DONE || memcmp(first.out, second.out, first.n) == 0);
	if ((service->traits & SVC_IN_PLACE) != 0 && room == f.n)
		check_in_place(service, &c, &f, &second);
	free(first.out);
	free(second.out);
	return 0;
}
