/* SPDX-License-Identifier: MIT */
/* Control messages as facts. The socket brings those that net/sockopt_collect.h asked for. */
#include "datagram/collect.h"

#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"

static int number_of(const struct cmsghdr *c)
{
	int v = 0;

	memcpy(&v, CMSG_DATA(c), sizeof(v));
	return v;
}

static void read_v4(const struct cmsghdr *c, struct svc_facts *f)
{
	if (c->cmsg_type == IP_TTL)
		f->ttl = number_of(c);
	else if (c->cmsg_type == IP_TOS)
		f->traffic_class = *(const uint8_t *)CMSG_DATA(c);
	else if (c->cmsg_type == IP_RECVFRAGSIZE)
		f->fragment_bytes = (uint32_t)number_of(c);
}

static void read_v6(const struct cmsghdr *c, struct svc_facts *f)
{
	if (c->cmsg_type == IPV6_HOPLIMIT)
		f->ttl = number_of(c);
	else if (c->cmsg_type == IPV6_TCLASS)
		f->traffic_class = number_of(c) & 0xFF;
	else if (c->cmsg_type == IPV6_RECVFRAGSIZE)
		f->fragment_bytes = (uint32_t)number_of(c);
}

/* Without one (the first datagrams after the kernel began to take them) the packet came before now. */
static void read_time(const struct cmsghdr *c, struct svc_facts *f)
{
	memcpy(&f->received, CMSG_DATA(c), sizeof(f->received));
	f->received_by = SVC_TIME_SOFTWARE;
}

static const char *name_of_interface(int fd, unsigned index)
{
	static struct ifreq request;

	request = (struct ifreq){ .ifr_ifindex = (int)index };
	return index && ioctl(fd, SIOCGIFNAME, &request) == 0 ? request.ifr_name : NULL;
}

void collect_read(const struct listener *l, const struct msghdr *msg, const struct packet_info *info, struct svc_facts *ret)
{
	unsigned wanted = l->settings->service->needs.collects;

	*ret = (struct svc_facts){
		.ttl = -1, .traffic_class = -1, .dropped = -1, .interface = info->interface, .received = clock_wall()
	};
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)msg, c)) {
		if (c->cmsg_level == IPPROTO_IP)
			read_v4(c, ret);
		else if (c->cmsg_level == IPPROTO_IPV6)
			read_v6(c, ret);
		else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			read_time(c, ret);
	}
	if (wanted & SVC_INTERFACE)
		ret->interface_name = name_of_interface(l->fd, info->interface);
}
