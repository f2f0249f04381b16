/* SPDX-License-Identifier: MIT */
/* A socket's error queue. */
#include "echoprobe/errqueue.h"

#include <assert.h>
#include <time.h> /* <linux/errqueue.h> needs it */
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

#define CONTROL_BYTES 512

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

static void read_message(struct msghdr *msg, struct errqueue_message *ret)
{
	ret->kind = ERRQUEUE_OTHER;
	ret->stamp_ns = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
			struct timespec at;

			memcpy(&at, CMSG_DATA(c), sizeof(at));
			ret->stamp_ns = at.tv_sec * (int64_t)CLOCK_S_NS + at.tv_nsec;
		} else if (is_error(c))
			read_error(c, ret);
	}
}

size_t errqueue_read(int fd, struct errqueue_message *ret, size_t max)
{
	union {
		struct cmsghdr align;
		char bytes[CONTROL_BYTES];
	} control[ERRQUEUE_MANY];
	struct iovec iov[ERRQUEUE_MANY];
	struct mmsghdr messages[ERRQUEUE_MANY];
	int n;

	assert(max <= ERRQUEUE_MANY);
	for (size_t i = 0; i < max; i++) {
		iov[i] = (struct iovec){ .iov_base = ret[i].quoted, .iov_len = sizeof(ret[i].quoted) };
		messages[i].msg_hdr = (struct msghdr){
			.msg_iov = &iov[i], .msg_iovlen = 1, .msg_control = &control[i], .msg_controllen = sizeof(control[i])
		};
	}
	n = recvmmsg(fd, messages, (unsigned)max, MSG_ERRQUEUE | MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		ret[i].quoted_n = messages[i].msg_len;
		read_message(&messages[i].msg_hdr, &ret[i]);
	}
	return n < 0 ? 0 : (size_t)n;
}
