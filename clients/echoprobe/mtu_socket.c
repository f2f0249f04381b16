/* SPDX-License-Identifier: MIT */
/* The socket of the mtu test: what the kernel is told, and asked. */
#include "echoprobe/mtu_socket.h"

#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "echoprobe/result.h"

#define UDP_BYTES 8
#define IPV4_BYTES 20
#define IPV6_BYTES 40

uint32_t mtu_socket_headers_bytes(int family)
{
	return (family == AF_INET ? IPV4_BYTES : IPV6_BYTES) + UDP_BYTES;
}

static void set(const struct flow *f, int level, int name, int value)
{
	(void)setsockopt(f->fd, level, name, &value, sizeof(value));
}

static void set_discovery(const struct flow *f, int v4, int v6)
{
	if (f->family == AF_INET) {
		set(f, IPPROTO_IP, IP_RECVFRAGSIZE, 1);
		set(f, IPPROTO_IP, IP_MTU_DISCOVER, v4);
	} else {
		set(f, IPPROTO_IPV6, IPV6_RECVFRAGSIZE, 1);
		set(f, IPPROTO_IPV6, IPV6_MTU_DISCOVER, v6);
		set(f, IPPROTO_IPV6, IPV6_DONTFRAG, v6 == IPV6_PMTUDISC_PROBE);
	}
}

void mtu_socket_whole(const struct flow *f)
{
	set_discovery(f, IP_PMTUDISC_PROBE, IPV6_PMTUDISC_PROBE);
}

void mtu_socket_in_pieces(const struct flow *f, uint32_t piece_bytes)
{
	set_discovery(f, IP_PMTUDISC_DONT, IPV6_PMTUDISC_DONT);
	if (f->family == AF_INET6)
		set(f, IPPROTO_IPV6, IPV6_MTU, (int)piece_bytes);
}

struct result_value mtu_socket_of_interface(const struct flow *f, const char *interface)
{
	struct ifreq request = { 0 };
	size_t n = strlen(interface);

	if (n == 0 || n >= sizeof(request.ifr_name))
		return (struct result_value){ .known = false };
	memcpy(request.ifr_name, interface, n);
	if (ioctl(f->fd, SIOCGIFMTU, &request) < 0)
		return (struct result_value){ .known = false };
	return RESULT_KNOWN(request.ifr_mtu);
}

struct result_value mtu_socket_learnt(const struct addr *source, const struct addr *target)
{
	cleanup_fd int fd = socket(target->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage from, to;
	socklen_t from_len, to_len, len = sizeof(int);
	struct addr own = *source;
	int mtu = 0, r;

	own.port = 0;
	if (fd < 0 || addr_to_sockaddr(target, target->family, &to, &to_len) < 0)
		return (struct result_value){ .known = false };
	if (addr_to_sockaddr(&own, target->family, &from, &from_len) == 0 &&
	    bind(fd, (struct sockaddr *)&from, from_len) < 0)
		return (struct result_value){ .known = false };
	r = connect(fd, (struct sockaddr *)&to, to_len);
	if (r == 0)
		r = target->family == AF_INET ? getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &len)
					      : getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, &len);
	return (struct result_value){ .known = r == 0, .value = mtu };
}
