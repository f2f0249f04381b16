/* SPDX-License-Identifier: MIT */
/* A connection's facts, asked of its socket. */
#include "stream/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "net/collected.h"
#include "stream/proxy_header.h"

/* One end of a connection. */
static struct addr end_of(int fd, bool peer)
{
	struct sockaddr_storage at;
	struct sockaddr *sa = (struct sockaddr *)&at;
	socklen_t n = sizeof(at);

	if ((peer ? getpeername(fd, sa, &n) : getsockname(fd, sa, &n)) < 0)
		return (struct addr){ .family = AF_UNSPEC };
	return addr_from_sockaddr(sa, n);
}

static void ask_tcp(int fd, struct svc_facts *f)
{
	static struct tcp_info info;
	static char congestion[16];
	socklen_t info_n = sizeof(info), congestion_n = sizeof(congestion) - 1;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_n) < 0)
		return;
	f->tcp = &info;
	f->tcp_bytes = info_n;
	if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion, &congestion_n) == 0) {
		congestion[congestion_n] = '\0';
		f->congestion = congestion;
	}
}

void connection_collect(const struct client *c, struct svc_context *ctx)
{
	static struct svc_facts facts;
	int fd = c->source.fd;

	facts = (struct svc_facts){ .ttl = -1, .traffic_class = -1, .dropped = -1, .received = clock_wall() };
	facts.now_ns = c->w->loop.now_ns;
	facts.uptime_s = worker_uptime_s(c->w);
	facts.limited = rate_limits_was_limited(c->w->plan->limits, &c->peer, facts.now_ns);
	if (c->is_proxied)
		facts.balancer = end_of(fd, true);
	if (c->listener->transport == TRANSPORT_TCP) {
		ctx->local = end_of(fd, false);
		collected_of_connection(fd, ctx->local.family, &facts);
		facts.interface_name = collected_interface_name(fd, facts.interface);
		ask_tcp(fd, &facts);
	}
	if (c->has_header)
		ctx->local = *proxy_header_server(c);
	ctx->facts = &facts;
}
