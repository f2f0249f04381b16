/* SPDX-License-Identifier: MIT */
/* A socket's error queue, a message at a time. */
#include "echoprobe/errqueue.h"

#include <errno.h>
#include <time.h> /* <linux/errqueue.h> needs it */
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

static bool says_mtu(const struct sock_extended_err *e)
{
	if (e->ee_origin == SO_EE_ORIGIN_ICMP6)
		return e->ee_type == ICMP6_PACKET_TOO_BIG;
	return e->ee_type == ICMP_DEST_UNREACH && e->ee_code == ICMP_FRAG_NEEDED;
}

static void read_error(const struct cmsghdr *c, struct errqueue_message *ret)
{
	const struct sock_extended_err *e = (const struct sock_extended_err *)(const void *)CMSG_DATA(c);
	const struct sockaddr *offender = SO_EE_OFFENDER(e);

	if (e->ee_origin == SO_EE_ORIGIN_TIMESTAMPING) {
		ret->kind = ERRQUEUE_STAMP;
		ret->stamp_id = e->ee_data;
	} else if (e->ee_origin == SO_EE_ORIGIN_ICMP || e->ee_origin == SO_EE_ORIGIN_ICMP6) {
		ret->kind = ERRQUEUE_ICMP;
		ret->family = e->ee_origin == SO_EE_ORIGIN_ICMP ? AF_INET : AF_INET6;
		ret->type = e->ee_type;
		ret->code = e->ee_code;
		ret->from = addr_from_sockaddr(offender,
					       (socklen_t)((const uint8_t *)c + c->cmsg_len - (const uint8_t *)offender));
		ret->mtu_bytes = says_mtu(e) ? e->ee_info : 0;
	}
}

static bool is_error(const struct cmsghdr *c)
{
	return (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
	       (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
}

bool errqueue_read(int fd, struct errqueue_message *ret)
{
	union {
		struct cmsghdr align;
		char bytes[512];
	} control;
	/* cppcheck-suppress ctuuninitvar ; recvmsg() fills it */
	struct iovec iov = { .iov_base = ret->quoted, .iov_len = sizeof(ret->quoted) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (n < 0)
		return false;
	ret->kind = ERRQUEUE_OTHER;
	ret->stamp_ns = 0;
	ret->quoted_n = (size_t)n;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
			struct timespec at;

			memcpy(&at, CMSG_DATA(c), sizeof(at));
			ret->stamp_ns = at.tv_sec * (int64_t)CLOCK_S_NS + at.tv_nsec;
		} else if (is_error(c))
			read_error(c, ret);
	}
	return true;
}
