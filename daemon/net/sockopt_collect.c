/* SPDX-License-Identifier: MIT */
/* Control messages for a service, which cost each datagram of its socket something: one that does not want them has none. */
#include "net/sockopt_collect.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "base/attr.h"

#define KERNELS_TTL (-1)

static void set(const struct listener *l, int level, int option, int value)
{
	(void)setsockopt(l->fd, level, option, &value, sizeof(value));
}

/* The ancillary data of a datagram that came over IPv4, and over IPv6. A dual-stack socket has both. */
static const struct {
	unsigned collected;
	int v4, v6;
} options[] = {
	{ SVC_TTL, IP_RECVTTL, IPV6_RECVHOPLIMIT },
	{ SVC_FRAGMENTS, IP_RECVFRAGSIZE, IPV6_RECVFRAGSIZE },
};

static void set_family(const struct listener *l, int level, bool v6)
{
	const struct svc_needs *needs = &l->settings->service->needs;

	for (size_t i = 0; i < array_n(options); i++)
		set(l, level, v6 ? options[i].v6 : options[i].v4, (needs->collects & options[i].collected) != 0);
	if ((needs->collects & SVC_TRAFFIC_CLASS) != 0) /* else it is as `dscp` has it */
		set(l, level, v6 ? IPV6_RECVTCLASS : IP_RECVTOS, 1);
	set(l, level, v6 ? IPV6_UNICAST_HOPS : IP_TTL, needs->ttl != 0 ? needs->ttl : KERNELS_TTL);
}

void sockopt_collect_set(const struct listener *l)
{
	unsigned collects = l->settings->service->needs.collects;

	if (l->socket_family == AF_INET || l->dual_stack)
		set_family(l, IPPROTO_IP, false);
	if (l->socket_family == AF_INET6)
		set_family(l, IPPROTO_IPV6, true);
	set(l, SOL_SOCKET, SO_TIMESTAMPNS, (collects & SVC_RECEIVE_TIME) != 0);
	if (!l->settings->service->needs.depart) /* else its reader switches it on */
		set(l, SOL_SOCKET, SO_TIMESTAMPING, 0);
	/* The ancillary data of a message is that of one datagram then. */
	if (l->origin != ORIGIN_LENT)
		set(l, SOL_UDP, UDP_GRO, collects == 0);
}
