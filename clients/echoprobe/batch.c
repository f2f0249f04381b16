/* SPDX-License-Identifier: MIT */
/* Datagrams sent and received many at a time. */
#include "echoprobe/batch.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/pages.h"
#include "echoprobe/stamps.h"

#define CONTROL_BYTES 256 /* of what is received */

union send_control {
	struct cmsghdr align;
	char bytes[STAMPS_CONTROL_BYTES];
};

union receive_control {
	struct cmsghdr align;
	char bytes[CONTROL_BYTES];
};

struct batch {
	size_t bytes; /* of all this, with the payloads behind it */
	size_t send_bytes, receive_bytes;
	struct sockaddr_storage to;
	socklen_t to_len;
	unsigned sending_n;
	struct mmsghdr sending[BATCH_MAX], receiving[BATCH_MAX];
	struct iovec send_iov[BATCH_MAX], receive_iov[BATCH_MAX];
	union send_control send_control[BATCH_MAX];
	union receive_control receive_control[BATCH_MAX];
	struct sockaddr_in6 from[BATCH_MAX];
	uint8_t payloads[];
};

int batch_new(size_t send_bytes, size_t receive_bytes, struct batch **ret)
{
	size_t bytes = sizeof(struct batch) + BATCH_MAX * (send_bytes + receive_bytes);
	struct batch *b = pages_take(bytes);
	uint8_t *at;

	if (!b)
		return -ENOMEM;
	b->bytes = bytes;
	b->send_bytes = send_bytes;
	b->receive_bytes = receive_bytes;
	at = b->payloads;
	for (unsigned i = 0; i < BATCH_MAX; i++) {
		b->send_iov[i].iov_base = at;
		b->receive_iov[i] = (struct iovec){ .iov_base = at + send_bytes, .iov_len = receive_bytes };
		at += send_bytes + receive_bytes;
	}
	*ret = b;
	return 0;
}

void batch_free(struct batch **b)
{
	if (*b)
		pages_give(*b, (*b)->bytes);
	*b = NULL;
}

void batch_begin(struct batch *b, int family, const struct addr *to)
{
	int r = addr_to_sockaddr(to, family, &b->to, &b->to_len);

	assert(r == 0);
	b->sending_n = 0;
}

uint8_t *batch_add(struct batch *b, size_t n, enum batch_stamp stamp)
{
	unsigned i = b->sending_n++;
	struct msghdr *msg = &b->sending[i].msg_hdr;

	assert(i < BATCH_MAX && n <= b->send_bytes);
	b->send_iov[i].iov_len = n;
	*msg = (struct msghdr){ .msg_name = &b->to, .msg_namelen = b->to_len, .msg_iov = &b->send_iov[i], .msg_iovlen = 1 };
	if (stamp == BATCH_STAMPED)
		stamps_ask(msg, &b->send_control[i]);
	return b->send_iov[i].iov_base;
}

int batch_send(struct batch *b, int fd, unsigned first)
{
	int n;

	assert(first < b->sending_n);
	do
		n = sendmmsg(fd, b->sending + first, b->sending_n - first, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

unsigned batch_receive(struct batch *b, int fd)
{
	int n;

	for (unsigned i = 0; i < BATCH_MAX; i++)
		b->receiving[i].msg_hdr = (struct msghdr){
			.msg_name = &b->from[i],
			.msg_namelen = sizeof(b->from[i]),
			.msg_iov = &b->receive_iov[i],
			.msg_iovlen = 1,
			.msg_control = &b->receive_control[i],
			.msg_controllen = sizeof(b->receive_control[i]),
		};
	n = recvmmsg(fd, b->receiving, BATCH_MAX, MSG_DONTWAIT | MSG_TRUNC, NULL);
	return n < 0 ? 0 : (unsigned)n;
}

/* A number of the kernel's: some options have an int, others a byte. */
static int number_in(const struct cmsghdr *c)
{
	int v = 0;

	if (c->cmsg_len < CMSG_LEN(sizeof(v)))
		return *(const uint8_t *)CMSG_DATA(c);
	memcpy(&v, CMSG_DATA(c), sizeof(v));
	return v;
}

static void read_control(const struct cmsghdr *c, struct batch_datagram *ret)
{
	if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
		struct timespec at;

		memcpy(&at, CMSG_DATA(c), sizeof(at));
		ret->stamp_ns = at.tv_sec * (int64_t)CLOCK_S_NS + at.tv_nsec;
	} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
		ret->dropped = (uint32_t)number_in(c);
	else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
		 (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT))
		ret->ttl = number_in(c);
	else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) ||
		 (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS))
		ret->traffic_class = number_in(c);
	else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVFRAGSIZE) ||
		 (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVFRAGSIZE))
		ret->fragment_bytes = (uint32_t)number_in(c);
}

void batch_datagram(const struct batch *b, unsigned i, struct batch_datagram *ret)
{
	/* CMSG_NXTHDR takes a message that it could change. */
	struct msghdr msg = b->receiving[i].msg_hdr;
	size_t length = b->receiving[i].msg_len;

	*ret = (struct batch_datagram){
		.at = b->receive_iov[i].iov_base,
		.n = length < b->receive_bytes ? length : b->receive_bytes,
		.length = length,
		.from = addr_from_sockaddr((const struct sockaddr *)&b->from[i], msg.msg_namelen),
		.ttl = -1,
		.traffic_class = -1,
	};
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		read_control(c, ret);
}
