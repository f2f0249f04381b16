/* SPDX-License-Identifier: MIT */
/* Stamps of sending, asked for and taken. */
#include "datagram/departures.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* Stamps of packets that were asked for by a control message, numbered, without the packet. */
#define STAMPING (SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY)
#define CONTROL_BYTES 256

/* Numbers begin at 0 when they are switched on. */
static void begin(struct departures *d, int fd)
{
	const int off = 0, on = STAMPING;

	*d = (struct departures){ .counts = true };
	(void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &off, sizeof(off));
	(void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &on, sizeof(on));
}

void departures_expect(struct departures *d, int fd, const struct svc_departure *expected)
{
	if (!d->counts)
		begin(d, fd);
	d->waiting[d->n++ % DEPARTURES] = *expected;
}

void departures_forget(struct departures *d)
{
	d->counts = false;
}

static bool is_error(const struct cmsghdr *c)
{
	return (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
	       (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
}

/* The number and the stamp of what was queued. False: it is no stamp. */
static bool read_stamp(const struct msghdr *m, uint32_t *ret_number, struct timespec *ret_left)
{
	struct sock_extended_err error = { .ee_origin = SO_EE_ORIGIN_NONE };
	struct timespec left = { 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)m, c)) {
		if (is_error(c))
			memcpy(&error, CMSG_DATA(c), sizeof(error));
		else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING)
			memcpy(&left, CMSG_DATA(c), sizeof(left)); /* the first of three: the software's */
	}
	*ret_number = error.ee_data;
	*ret_left = left;
	return error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING && left.tv_sec != 0;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

bool departures_next(struct departures *d, int fd, struct svc_departure *ret)
{
	_Alignas(struct cmsghdr) char control[CONTROL_BYTES];
	struct msghdr m = { .msg_control = control, .msg_controllen = sizeof(control) };
	struct svc_departure *expected;
	struct timespec left;
	uint32_t number;

	*ret = (struct svc_departure){ .handle = 0 };
	if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	if (!d->counts || !read_stamp(&m, &number, &left) || d->n - number - 1 >= DEPARTURES)
		return true;
	expected = &d->waiting[number % DEPARTURES];
	if (!is_before(&left, &expected->wall)) { /* of one before the numbers began anew */
		*ret = *expected;
		ret->left = left;
		expected->handle = 0;
	}
	return true;
}
