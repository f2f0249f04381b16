/* SPDX-License-Identifier: MIT */
/*
 * hostname: a request, and an answer of the resolver of which nothing is trusted but its form. A client gets whole lines of
 * printable ASCII; the resolver is asked for nothing but names and addresses that are some.
 *
 * Covers: daemon/service/hostname.c daemon/service/hostlist.c daemon/service/record.c daemon/service/line.c
 */
#include "fuzz_service.h"

#include "service/record.h"

static _Alignas(max_align_t) uint8_t state[SVC_STATE_MAX];

/* A name of the resolver's: any octets, and a NUL. */
static void fill_name(struct fuzz *f, char name[LOOKUP_NAME_MAX])
{
	size_t n = fuzz_octet(f);

	fuzz_fill(f, name, n < LOOKUP_NAME_MAX ? n : LOOKUP_NAME_MAX - 1);
}

static void fill_answer(struct fuzz *f, struct lookup_answer *a)
{
	memset(a, 0, sizeof(*a));
	a->result = (enum lookup_result)(fuzz_octet(f) % 3);
	fill_name(f, a->name);
	a->aliases_n = fuzz_octet(f) % (LOOKUP_ALIASES_MAX + 1);
	for (uint32_t i = 0; i < a->aliases_n; i++)
		fill_name(f, a->aliases[i]);
	a->addresses_n = fuzz_octet(f) % (LOOKUP_ADDRESSES_MAX + 1);
	for (uint32_t i = 0; i < a->addresses_n; i++)
		a->addresses[i] = fuzz_addr(f);
}

static void check_said(const struct svc_io *io, enum svc_verdict v)
{
	MUST(io->in_used <= io->in_len && io->out_len <= io->out_cap);
	for (size_t i = 0; i < io->out_len; i++)
		MUST((io->out[i] >= ' ' && io->out[i] <= '~') || io->out[i] == '\r' || io->out[i] == '\n');
	if (io->out_len > 0 && v == SVC_DONE)
		MUST(io->out_len >= 2 && memcmp(io->out + io->out_len - 2, "\r\n", 2) == 0);
}

/* The same request and answer over memory that held something else. */
static size_t ask(const struct svc_context *ctx, const uint8_t *in, size_t n, const struct lookup_answer *answer,
		  uint8_t *out)
{
	const struct service *service = service_find("hostname");
	struct svc_io io = {
		.in = in, .in_len = n, .eof = ctx->transport == TRANSPORT_TCP, .out = out, .out_cap = SVC_OUT_MIN
	};
	enum svc_verdict v;

	memset(state, 0, sizeof(state));
	v = service->input(state, ctx, &io);
	check_said(&io, v);
	for (unsigned i = 0; v == SVC_FLUSH && i < 1000; i++) {
		io.in += io.in_used;
		io.in_len -= io.in_used;
		io.in_used = io.out_len = 0;
		v = service->input(state, ctx, &io);
		check_said(&io, v);
		MUST(v != SVC_FLUSH || io.out_len > 0);
	}
	if (v != SVC_ASK)
		return io.out_len;
	MUST(io.out_len == 0 && io.question.name[LOOKUP_NAME_MAX - 1] == '\0');
	n = strlen(io.question.name);
	if (io.question.kind == LOOKUP_BY_NAME)
		MUST(record_name_valid(io.question.name, n > 0 && io.question.name[n - 1] == '.' ? n - 1 : n));
	else
		MUST(io.question.addr.family == AF_INET || io.question.addr.family == AF_INET6);
	io.in_len = io.in_used = 0;
	v = service->answer(state, ctx, answer, &io);
	MUST(v == SVC_DONE || v == SVC_DROP);
	check_said(&io, v);
	return io.out_len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct lookup_answer answer;
	static struct fuzz_context c;
	static uint8_t out[SVC_OUT_MIN], other[SVC_OUT_MIN];
	struct fuzz f = { data, n };
	size_t request_n = fuzz_octet(&f), said;
	uint8_t bits = fuzz_octet(&f);
	uint8_t *request;

	memset(&c, 0, sizeof(c));
	c.options.table = bits & 1 ? fuzz_table() : NULL;
	c.ctx.transport = bits & 2 ? TRANSPORT_UDP : TRANSPORT_TCP;
	c.ctx.options = &c.options;
	c.ctx.host_name = "here.example";
	request_n = request_n < f.n ? request_n : f.n;
	request = fuzz_exact(f.at, request_n, false);
	f.at += request_n;
	f.n -= request_n;
	fill_answer(&f, &answer);
	memset(out, 0, sizeof(out));
	memset(other, 0xFF, sizeof(other));
	said = ask(&c.ctx, request, request_n, &answer, out);
	MUST(ask(&c.ctx, request, request_n, &answer, other) == said && memcmp(out, other, said) == 0);
	free(request);
	return 0;
}
