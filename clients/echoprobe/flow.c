/* SPDX-License-Identifier: MIT */
/* One UDP socket of a test and its options. */
#include "echoprobe/flow.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"

#define PORT_TRIES 16

/* Ports of the kernel's choice at which servers of other protocols are commonly found: a careful server does not answer
 * there, because it would take part in a loop. */
static bool is_servers(uint16_t port)
{
	static const uint16_t servers[] = { 33848, 37810, 47808 };

	for (size_t i = 0; i < array_n(servers); i++)
		if (servers[i] == port)
			return true;
	return false;
}

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

struct setting {
	int level, name, value;
	const char *what; /* a refusal is told with it; NULL: it does without */
};

/* Each as far as the kernel has it; the first that must be and cannot is told. */
static int set_all(int fd, const struct setting *settings, size_t n, struct text *why)
{
	for (size_t i = 0; i < n; i++) {
		int r = set(fd, settings[i].level, settings[i].name, settings[i].value);

		if (r < 0 && settings[i].what) {
			text_addf(why, "cannot set %s: %s", settings[i].what, strerror(-r));
			return r;
		}
	}
	return 0;
}

/* Options for datagrams and connections alike. */
static int set_marks(int fd, int family, const struct plan *plan, struct text *why)
{
	const int traffic_class = plan->dscp << 2 | plan->ecn;
	const struct setting v4[] = {
		{ IPPROTO_IP, IP_TTL, plan->ttl, "the TTL" },
		{ IPPROTO_IP, IP_TOS, traffic_class, "DSCP and ECN" },
		{ IPPROTO_IP, IP_RECVERR, 1, NULL },
	};
	const struct setting v6[] = {
		{ IPPROTO_IPV6, IPV6_V6ONLY, 1, NULL },
		{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, plan->ttl, "the hop limit" },
		{ IPPROTO_IPV6, IPV6_TCLASS, traffic_class, "DSCP and ECN" },
		{ IPPROTO_IPV6, IPV6_RECVERR, 1, NULL },
	};

	return family == AF_INET ? set_all(fd, v4, array_n(v4), why) : set_all(fd, v6, array_n(v6), why);
}

static int set_for_datagrams(int fd, int family, const struct plan *plan, struct text *why)
{
	const struct setting both[] = {
		{ SOL_SOCKET, SO_RCVBUF, FLOW_RECEIVE_BUFFER_BYTES, NULL },
		{ SOL_SOCKET, SO_RCVBUFFORCE, FLOW_RECEIVE_BUFFER_BYTES, NULL },
		{ SOL_SOCKET, SO_RXQ_OVFL, 1, NULL },
	};
	const struct setting v4[] = {
		{ IPPROTO_IP, IP_MTU_DISCOVER, plan->df ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT, "the don't-fragment bit" },
		{ IPPROTO_IP, IP_RECVTTL, 1, NULL },
		{ IPPROTO_IP, IP_RECVTOS, 1, NULL },
	};
	const struct setting v6[] = {
		{ IPPROTO_IPV6, IPV6_MTU_DISCOVER, plan->df ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DONT, "not to fragment" },
		{ IPPROTO_IPV6, IPV6_DONTFRAG, plan->df, NULL },
		{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, NULL },
		{ IPPROTO_IPV6, IPV6_RECVTCLASS, 1, NULL },
	};
	int r = set_all(fd, both, array_n(both), why);

	if (r < 0)
		return r;
	return family == AF_INET ? set_all(fd, v4, array_n(v4), why) : set_all(fd, v6, array_n(v6), why);
}

int flow_prepare(int fd, const struct flow_ends *ends, struct text *why)
{
	const char *interface = ends->from->interface;

	if (interface && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface)) < 0) {
		int r = -errno;

		text_addf(why, "cannot send from the interface %s: %s", interface, strerror(-r));
		return r;
	}
	return set_marks(fd, ends->target->family, ends->plan, why);
}

int flow_bind(int fd, const struct flow_ends *ends, struct text *why)
{
	int family = ends->target->family;
	struct addr local = family == AF_INET ? addr_any_v4 : addr_any_v6;
	struct sockaddr_storage sa;
	socklen_t len;
	int r;

	if (ends->from->addr.family != AF_UNSPEC)
		local = ends->from->addr;
	if (ends->plan->source_port != 0)
		local.port = (uint16_t)(ends->plan->source_port + ends->index);
	r = addr_to_sockaddr(&local, family, &sa, &len);
	if (r == 0 && bind(fd, (struct sockaddr *)&sa, len) < 0)
		r = -errno;
	if (r < 0) {
		text_add(why, "cannot send from ");
		addr_add_text_port(why, &local);
		text_addf(why, ": %s", strerror(-r));
	}
	return r;
}

static int make_socket(struct flow *f, const struct flow_ends *ends, struct text *why)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	int r;

	f->fd = socket(f->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (f->fd < 0) {
		r = -errno;
		text_addf(why, "cannot make a socket: %s", strerror(-r));
		return r;
	}
	r = flow_prepare(f->fd, ends, why);
	if (r == 0)
		r = set_for_datagrams(f->fd, f->family, ends->plan, why);
	if (r == 0)
		r = flow_bind(f->fd, ends, why);
	if (r == 0 && getsockname(f->fd, (struct sockaddr *)&sa, &len) == 0)
		f->port = addr_from_sockaddr((struct sockaddr *)&sa, len).port;
	return r;
}

int flow_open(struct flow *f, const struct flow_ends *ends, struct text *why)
{
	int r = 0;

	*f = (struct flow){ .fd = -1, .family = ends->target->family };
	for (int i = 0; i < PORT_TRIES; i++) {
		fd_close(&f->fd);
		r = make_socket(f, ends, why);
		if (r < 0 || ends->plan->source_port != 0 || !is_servers(f->port))
			break;
	}
	if (r < 0)
		fd_close(&f->fd);
	return r;
}

void flow_close(struct flow *f)
{
	fd_close(&f->fd);
}

static void free_interfaces(struct ifaddrs **list)
{
	if (*list)
		freeifaddrs(*list);
}

void flow_find_interface(const struct addr *local, char *ret)
{
	cleanup_with(free_interfaces) struct ifaddrs *list = NULL;

	ret[0] = '\0';
	if (getifaddrs(&list) < 0)
		return;
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		struct addr a;

		if (!i->ifa_addr)
			continue;
		a = addr_from_sockaddr(i->ifa_addr, sizeof(struct sockaddr_in6));
		if (addr_same_host(&a, local) && text_copy(ret, IF_NAMESIZE, i->ifa_name) == 0)
			return;
	}
}

int flow_source(const struct flow *f, const struct addr *target, struct addr *ret, char *ret_interface)
{
	cleanup_fd int fd = socket(f->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char device[IF_NAMESIZE] = "";
	socklen_t len = sizeof(device);
	struct sockaddr_storage sa;
	struct addr own;

	if (fd < 0 || getsockopt(f->fd, SOL_SOCKET, SO_BINDTODEVICE, device, &len) < 0)
		return -errno;
	if (device[0] != '\0' && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, len) < 0)
		return -errno;
	len = sizeof(sa);
	if (getsockname(f->fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	own = addr_from_sockaddr((struct sockaddr *)&sa, len);
	own.port = 0;
	if (addr_to_sockaddr(&own, f->family, &sa, &len) < 0 || bind(fd, (struct sockaddr *)&sa, len) < 0)
		return -errno;
	if (addr_to_sockaddr(target, f->family, &sa, &len) < 0 || connect(fd, (struct sockaddr *)&sa, len) < 0)
		return -errno;
	len = sizeof(sa);
	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	*ret = addr_from_sockaddr((struct sockaddr *)&sa, len);
	ret->port = f->port;
	flow_find_interface(ret, ret_interface);
	return 0;
}
