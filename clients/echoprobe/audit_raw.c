/* SPDX-License-Identifier: MIT */
/* A datagram of an audit from port 0. */
#include "echoprobe/audit_raw.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fd.h"
#include "echoprobe/flow.h"

/* The header of RFC 768: source port, destination port, length, checksum. */
#define UDP_HEADER 8
#define TO_PORT_AT 2
#define LENGTH_AT 4
#define CHECKSUM_AT 6
#define IPV4_WORD 4 /* octets in a unit of the length of IPv4's header */

/* IPv4 needs no checksum; IPv6 does, and the kernel computes it. */
static int open_raw(const struct audit_wire *w, int *ret_fd)
{
	const struct flow_ends ends = { .plan = w->plan, .target = &w->target, .from = &w->from };
	const int family = w->target.family, checksum_at = CHECKSUM_AT;
	char storage[256];
	struct text why = TEXT_OVER(storage);
	cleanup_fd int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
	int r;

	if (fd < 0)
		return -errno;
	if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, &checksum_at, sizeof(checksum_at)) < 0)
		return -errno;
	r = flow_prepare(fd, &ends, &why);
	if (r == 0)
		r = flow_bind(fd, &ends, &why);
	if (r == 0)
		*ret_fd = fd_take(&fd);
	return r;
}

static int send_from_zero(const struct audit_wire *w, int fd, size_t n)
{
	uint8_t header[UDP_HEADER] = { 0 };
	struct iovec parts[] = { { header, sizeof(header) }, { (void *)w->said, n } };
	struct addr to = w->target;
	struct sockaddr_storage sa;
	struct msghdr msg = { .msg_name = &sa, .msg_iov = parts, .msg_iovlen = array_n(parts) };
	int r;

	bytes_put_be16(header + TO_PORT_AT, to.port);
	bytes_put_be16(header + LENGTH_AT, (uint16_t)(UDP_HEADER + n));
	to.port = 0; /* of IPv6 it would be a protocol */
	r = addr_to_sockaddr(&to, to.family, &sa, &msg.msg_namelen);
	return r == 0 && sendmsg(fd, &msg, 0) < 0 ? -errno : r;
}

/* A raw socket sees all datagrams of its family: whether this one comes from the service and goes to port 0. */
static void take(struct audit_wire *w, int fd, struct audit_heard *h)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	ssize_t n = recvfrom(fd, w->heard, sizeof(w->heard), 0, (struct sockaddr *)&sa, &len);
	size_t at = w->target.family == AF_INET && n > 0 ? (size_t)(w->heard[0] & 0xF) * IPV4_WORD : 0;
	struct addr from;

	if (n < (ssize_t)(at + UDP_HEADER))
		return;
	from = addr_from_sockaddr((struct sockaddr *)&sa, len);
	from.port = bytes_get_be16(w->heard + at);
	if (!addr_same(&from, &w->target) || bytes_get_be16(w->heard + at + TO_PORT_AT) != 0)
		return;
	h->answers++;
	h->n = (size_t)n - at - UDP_HEADER;
	h->from = from;
	memmove(w->heard, w->heard + at + UDP_HEADER, h->n);
}

void audit_raw_exchange(struct audit_wire *w, struct audit_heard *h)
{
	uint64_t until_ns = clock_add(clock_mono_ns(), w->plan->timeout_ns);
	cleanup_fd int fd = -1;
	int r = open_raw(w, &fd);

	if (r == 0)
		r = send_from_zero(w, fd, h->said_n);
	if (r < 0) {
		audit_wire_fail(h, -r);
		return;
	}
	while (h->answers == 0 && (audit_wire_wait(w, fd, POLLIN, until_ns) & POLLIN))
		take(w, fd, h);
}
