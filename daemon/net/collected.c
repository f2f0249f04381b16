/* SPDX-License-Identifier: MIT */
/* Control messages as facts. A datagram's socket brings those that net/sockopt_collect.h asked for. */
#include "net/collected.h"

#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/attr.h"

/* Of a datagram the traffic class is an octet, of a connection an integer. */
static int number_of(const struct cmsghdr *c)
{
	int v = 0;

	if (c->cmsg_len < CMSG_LEN(sizeof(v)))
		return *(const uint8_t *)CMSG_DATA(c);
	memcpy(&v, CMSG_DATA(c), sizeof(v));
	return v;
}

static unsigned interface_of(const struct cmsghdr *c)
{
	struct in_pktinfo i;

	memcpy(&i, CMSG_DATA(c), sizeof(i));
	return (unsigned)i.ipi_ifindex;
}

static unsigned interface_of6(const struct cmsghdr *c)
{
	struct in6_pktinfo i;

	memcpy(&i, CMSG_DATA(c), sizeof(i));
	return i.ipi6_ifindex;
}

static void read_v4(const struct cmsghdr *c, struct svc_facts *f)
{
	if (c->cmsg_type == IP_TTL)
		f->ttl = number_of(c);
	else if (c->cmsg_type == IP_TOS)
		f->traffic_class = number_of(c);
	else if (c->cmsg_type == IP_RECVFRAGSIZE)
		f->fragment_bytes = (uint32_t)number_of(c);
	else if (c->cmsg_type == IP_PKTINFO && f->interface == 0)
		f->interface = interface_of(c);
}

static void read_v6(const struct cmsghdr *c, struct svc_facts *f)
{
	if (c->cmsg_type == IPV6_HOPLIMIT)
		f->ttl = number_of(c);
	else if (c->cmsg_type == IPV6_TCLASS)
		f->traffic_class = number_of(c) & 0xFF;
	else if (c->cmsg_type == IPV6_RECVFRAGSIZE)
		f->fragment_bytes = (uint32_t)number_of(c);
	else if (c->cmsg_type == IPV6_PKTINFO && f->interface == 0)
		f->interface = interface_of6(c);
}

/* Without one (the first datagrams after the kernel began to take them) the packet came before now. */
static void read_time(const struct cmsghdr *c, struct svc_facts *f)
{
	memcpy(&f->received, CMSG_DATA(c), sizeof(f->received));
	f->received_by = SVC_TIME_SOFTWARE;
}

void collected_read(const struct msghdr *msg, struct svc_facts *f)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)msg, c)) {
		if (c->cmsg_level == IPPROTO_IP)
			read_v4(c, f);
		else if (c->cmsg_level == IPPROTO_IPV6)
			read_v6(c, f);
		else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			read_time(c, f);
	}
}

const char *collected_interface_name(int fd, unsigned index)
{
	static struct ifreq request;

	request = (struct ifreq){ .ifr_ifindex = (int)index };
	return index != 0 && ioctl(fd, SIOCGIFNAME, &request) == 0 ? request.ifr_name : NULL;
}

/* The kernel tells of a connection what its socket asks for, also afterwards. */
void collected_of_connection(int fd, int family, struct svc_facts *f)
{
	static const int v4[] = { IP_PKTINFO, IP_RECVTTL, IP_RECVTOS };
	static const int v6[] = { IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS };
	bool is_v4 = family == AF_INET;
	int level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6;
	_Alignas(struct cmsghdr) char control[256];
	struct msghdr m = { .msg_control = control };
	socklen_t n = sizeof(control);

	for (size_t i = 0; i < array_n(v4); i++)
		(void)setsockopt(fd, level, is_v4 ? v4[i] : v6[i], &(int){ 1 }, sizeof(int));
	if (getsockopt(fd, level, is_v4 ? IP_PKTOPTIONS : IPV6_2292PKTOPTIONS, control, &n) < 0)
		return;
	m.msg_controllen = n;
	collected_read(&m, f);
}
