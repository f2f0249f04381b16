/* SPDX-License-Identifier: MIT */
/* A datagram of an audit, and its answers. */
#include "echoprobe/audit_datagram.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "echoprobe/flow.h"

/* Ports of servers that answer whatever comes (CVE-1999-0103, CVE-2024-2169); a user may have those from 1024 on. */
static const uint16_t server_ports[] = { 7,    19,   13,   37,   17,   53,    123,   1900,  2049,  3283,  3389,  3478, 3702,
					 5060, 5093, 5351, 5353, 5683, 10001, 11211, 27015, 27960, 33848, 37810, 47808 };

static int open_flow(const struct audit_wire *w, uint16_t port, struct flow *f)
{
	char storage[256];
	struct text why = TEXT_OVER(storage);
	struct plan plan = *w->plan;
	struct flow_ends ends = { .plan = &plan, .target = &w->target, .from = &w->from };

	plan.source_port = port;
	return flow_open(f, &ends, &why);
}

static int open_for(const struct audit_wire *w, const struct audit_ask *a, struct flow *f)
{
	int r = -EADDRINUSE;

	if (!a->as_server)
		return open_flow(w, 0, f);
	for (size_t i = 0; r < 0 && i < array_n(server_ports); i++)
		r = open_flow(w, server_ports[i], f);
	return r;
}

static int send_to(const struct audit_wire *w, const struct flow *f, size_t n)
{
	struct sockaddr_storage sa;
	socklen_t len;
	int r = addr_to_sockaddr(&w->target, f->family, &sa, &len);

	if (r == 0 && sendto(f->fd, w->said, n, 0, (struct sockaddr *)&sa, len) < 0)
		r = -errno;
	return r;
}

/* The first one is kept, the others are counted. */
static void take(struct audit_wire *w, int fd, struct audit_heard *h)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	bool is_first = h->answers == 0;
	uint8_t other;
	ssize_t n = recvfrom(fd, is_first ? w->heard : &other, is_first ? sizeof(w->heard) : 1, 0, (struct sockaddr *)&sa,
			     &len);

	if (n < 0)
		return;
	h->answers++;
	if (!is_first)
		return;
	h->n = (size_t)n;
	h->from = addr_from_sockaddr((struct sockaddr *)&sa, len);
	h->clock_s = clock_wall().tv_sec;
}

void audit_datagram_exchange(struct audit_wire *w, const struct audit_ask *a, struct audit_heard *h)
{
	uint64_t start_ns = clock_mono_ns(), silence_ns = clock_add(start_ns, w->plan->timeout_ns),
		 next_ns = clock_add(start_ns, w->plan->interval_ns);
	struct flow f;
	short ready;
	int r = open_for(w, a, &f);

	if (r < 0) {
		audit_wire_fail(h, -r);
		return;
	}
	h->from_port = f.port;
	r = send_to(w, &f, h->said_n);
	if (r < 0)
		audit_wire_fail(h, -r);
	while (h->end == AUDIT_SILENT &&
	       (ready = audit_wire_wait(w, f.fd, POLLIN, h->answers == 0 ? silence_ns : next_ns)) != 0) {
		if (ready & POLLIN)
			take(w, f.fd, h);
		else if (!audit_wire_read_errors(f.fd, h) && ready & POLLERR)
			take(w, f.fd, h); /* the error is the socket's: reading takes it away */
	}
	flow_close(&f);
}
