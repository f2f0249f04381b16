/* SPDX-License-Identifier: MIT */
/* The control messages that come with a datagram, and those that go with its answer. */
#include "datagram/packet.h"

#include <linux/net_tstamp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

/* The loopback interface; every Linux network namespace has it first. */
#define LOOPBACK_INDEX 1

static struct addr addr_v4(const struct in_addr *a)
{
	struct addr r = { .family = AF_INET };

	memcpy(r.bytes, a, sizeof(*a));
	return r;
}

static void read_pktinfo(const struct cmsghdr *c, struct packet_info *p)
{
	struct in_pktinfo i;

	memcpy(&i, CMSG_DATA(c), sizeof(i));
	p->checked.destination = addr_v4(&i.ipi_addr);
	p->checked.local = addr_v4(&i.ipi_spec_dst);
	p->interface = (unsigned)i.ipi_ifindex;
	/* The datagram was queued before pktinfo was asked for (on a socket that was passed): the kernel has kept the
	 * destination only. Whether that is an address of ours the kernel says when the answer is sent from there. */
	if (!i.ipi_ifindex && !i.ipi_spec_dst.s_addr) {
		p->checked.local = p->checked.destination;
		p->interface = addr_is_loopback(&p->checked.destination) ? LOOPBACK_INDEX : 0;
	}
}

static void read_pktinfo6(const struct cmsghdr *c, struct packet_info *p)
{
	struct in6_pktinfo i;

	memcpy(&i, CMSG_DATA(c), sizeof(i));
	/* An IPv4 datagram on a dual-stack socket brings both; only IPv4's says which of our addresses it came to. */
	if (IN6_IS_ADDR_V4MAPPED(&i.ipi6_addr))
		return;
	p->checked.destination = (struct addr){ .family = AF_INET6 };
	memcpy(p->checked.destination.bytes, &i.ipi6_addr, sizeof(i.ipi6_addr));
	p->checked.local = p->checked.destination;
	p->interface = (unsigned)i.ipi6_ifindex;
}

static void read_v4(const struct cmsghdr *c, struct packet_info *p)
{
	if (c->cmsg_type == IP_PKTINFO)
		read_pktinfo(c, p);
	else if (c->cmsg_type == IP_TOS)
		p->dscp = *(const uint8_t *)CMSG_DATA(c) >> 2;
}

static void read_v6(const struct cmsghdr *c, struct packet_info *p)
{
	int traffic_class;

	if (c->cmsg_type == IPV6_PKTINFO)
		read_pktinfo6(c, p);
	else if (c->cmsg_type == IPV6_TCLASS) {
		memcpy(&traffic_class, CMSG_DATA(c), sizeof(traffic_class));
		p->dscp = (uint8_t)((traffic_class & 0xFF) >> 2);
	}
}

void packet_read(const struct listener *l, const struct msghdr *msg, struct packet_info *ret)
{
	*ret = (struct packet_info){
		.checked = {
			.transport = l->transport,
			.source = { .family = AF_UNIX },
			.truncated = (msg->msg_flags & MSG_TRUNC) != 0,
		},
	};
	if (l->transport != TRANSPORT_UNIXGRAM)
		ret->checked.source = addr_from_sockaddr(msg->msg_name, msg->msg_namelen);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)msg, c)) {
		if (c->cmsg_level == IPPROTO_IP)
			read_v4(c, ret);
		else if (c->cmsg_level == IPPROTO_IPV6)
			read_v6(c, ret);
		else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
			memcpy(&ret->segment, CMSG_DATA(c), sizeof(ret->segment)); /* an int */
	}
	ret->checked.over_loopback = ret->interface == LOOPBACK_INDEX;
}

static bool is_from(const struct listener *l, const struct msghdr *msg)
{
	const struct sockaddr_un *from = msg->msg_name;
	size_t head = offsetof(struct sockaddr_un, sun_path), n = strlen(l->path);

	/* The kernel says a path with the NUL at its end; an abstract name begins with one. */
	return l->transport == TRANSPORT_UNIXGRAM && msg->msg_namelen == head + n + 1 &&
	       memcmp(from->sun_path, l->path, n) == 0;
}

bool packet_is_from_any(const struct listener *listeners, size_t n, const struct msghdr *msg)
{
	for (size_t i = 0; i < n; i++)
		if (is_from(&listeners[i], msg))
			return true;
	return false;
}

static void append(struct msghdr *msg, size_t *used, const struct cmsghdr *head, const void *data)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)((char *)msg->msg_control + *used);
	size_t n = head->cmsg_len;

	c->cmsg_level = head->cmsg_level;
	c->cmsg_type = head->cmsg_type;
	c->cmsg_len = (socklen_t)CMSG_LEN(n);
	memcpy(CMSG_DATA(c), data, n);
	*used += CMSG_SPACE(n);
}

static void write_pktinfo(const struct addr *local, int oif, struct msghdr *msg, size_t *used)
{
	struct in_pktinfo i4 = { .ipi_ifindex = oif };
	struct in6_pktinfo i6 = { .ipi6_ifindex = (unsigned)oif };

	if (local->family == AF_INET) {
		memcpy(&i4.ipi_spec_dst, local->bytes, sizeof(i4.ipi_spec_dst));
		append(msg, used,
		       &(struct cmsghdr){ .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO, .cmsg_len = sizeof(i4) }, &i4);
	} else if (local->family == AF_INET6) {
		memcpy(&i6.ipi6_addr, local->bytes, sizeof(i6.ipi6_addr));
		append(msg, used,
		       &(struct cmsghdr){ .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO, .cmsg_len = sizeof(i6) },
		       &i6);
	}
}

/* The DSCP of an answer; -1: the socket's. */
static int answer_dscp(const struct listener *l, const struct packet_info *from, const struct svc_sending *sending)
{
	if (sending && sending->has_dscp)
		return sending->dscp;
	return l->settings->socket.dscp == SETTINGS_DSCP_REFLECT ? from->dscp : -1;
}

void packet_write(const struct listener *l, const struct packet_info *from, const struct svc_sending *sending,
		  struct msghdr *msg)
{
	const struct addr *local = &from->checked.local;
	bool by_link = addr_is_link_local(local) || addr_is_link_local(&from->checked.source) ||
		       (sending && sending->same_link);
	int oif = by_link ? (int)from->interface : 0, dscp = answer_dscp(l, from, sending);
	const uint32_t stamping = SOF_TIMESTAMPING_TX_SOFTWARE;
	size_t used = 0;

	/* A socket that is bound to this very address sends from it unasked: a fortieth less for the kernel to do. */
	if (oif || !addr_same_host(local, &l->address))
		write_pktinfo(local, oif, msg, &used);
	if (dscp >= 0 && local->family != AF_UNSPEC) {
		int tos = dscp << 2;
		bool v4 = local->family == AF_INET;
		append(msg, &used,
		       &(struct cmsghdr){ .cmsg_level = v4 ? IPPROTO_IP : IPPROTO_IPV6,
					  .cmsg_type = v4 ? IP_TOS : IPV6_TCLASS,
					  .cmsg_len = sizeof(tos) },
		       &tos);
	}
	if (sending && sending->departs)
		append(msg, &used,
		       &(struct cmsghdr){
			       .cmsg_level = SOL_SOCKET, .cmsg_type = SO_TIMESTAMPING, .cmsg_len = sizeof(stamping) },
		       &stamping);
	msg->msg_controllen = (socklen_t)used;
}

void packet_add_segment(struct msghdr *msg, uint16_t bytes)
{
	size_t used = msg->msg_controllen;

	append(msg, &used, &(struct cmsghdr){ .cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = sizeof(bytes) },
	       &bytes);
	msg->msg_controllen = (socklen_t)used;
}
