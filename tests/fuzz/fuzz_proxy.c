/* SPDX-License-Identifier: MIT */
/*
 * The header of the PROXY protocol, both versions: the same verdict in any pieces; who is named is written again as headers
 * that name the same.
 *
 * Covers: daemon/session/proxy.c daemon/wire/proxyline.c
 */
#include "fuzz.h"

#include <sys/socket.h>

#include "session/proxy.h"
#include "wire/proxyline.h"

struct heard {
	struct proxy p;
	enum proxy_verdict verdict;
	size_t used;
};

static struct heard hear(enum proxy_mode mode, const struct fuzz *f, size_t step)
{
	struct heard r = { .verdict = PROXY_MORE };

	memset(&r.p, step == 1 ? 0xFF : 0, sizeof(r.p));
	proxy_begin(&r.p, mode);
	while (r.verdict == PROXY_MORE && r.used < f->n) {
		size_t used = 0, n = f->n - r.used < step ? f->n - r.used : step;
		uint8_t *piece = fuzz_exact(f->at + r.used, n, false);

		r.verdict = proxy_take(&r.p, piece, n, &used);
		MUST(used <= n && (r.verdict != PROXY_MORE || used == n));
		r.used += used;
		free(piece);
	}
	return r;
}

static void check_written(const struct proxy *p)
{
	struct proxyline line;
	struct heard r;

	MUST(proxyline_v1(&p->client, &p->server, &line) == 0);
	r = hear(PROXY_V1, &(struct fuzz){ line.bytes, line.n }, SIZE_MAX);
	MUST(r.verdict == PROXY_CLIENT && r.used == line.n);
	MUST(addr_same(&r.p.client, &p->client) && addr_same(&r.p.server, &p->server));
	MUST(proxyline_v2(&p->client, &p->server, SOCK_STREAM, &line) == 0);
	r = hear(PROXY_V2, &(struct fuzz){ line.bytes, line.n }, SIZE_MAX);
	MUST(r.verdict == PROXY_CLIENT && r.used == line.n);
	MUST(addr_same(&r.p.client, &p->client) && addr_same(&r.p.server, &p->server));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz f = { data, n };
	enum proxy_mode mode = (enum proxy_mode)(PROXY_V1 + fuzz_octet(&f) % 3);
	size_t step = 1 + fuzz_octet(&f);
	struct heard whole = hear(mode, &f, SIZE_MAX), parts = hear(mode, &f, step), octets = hear(mode, &f, 1);

	MUST(whole.verdict == parts.verdict && whole.used == parts.used);
	MUST(whole.verdict == octets.verdict && whole.used == octets.used);
	if (whole.verdict != PROXY_CLIENT)
		return 0;
	MUST(addr_same(&whole.p.client, &octets.p.client) && addr_same(&whole.p.server, &parts.p.server));
	MUST(whole.p.client.family == AF_INET || whole.p.client.family == AF_INET6);
	if (whole.p.client.family == whole.p.server.family)
		check_written(&whole.p);
	return 0;
}
