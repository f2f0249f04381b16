/* SPDX-License-Identifier: MIT */
/* Sends the answers of a datagram socket, and drops what nobody takes. */
#include "worker/sender.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#define WAIT_MS 2 /* for room in a full send buffer, once a batch */

int sender_new(const struct listener *l, struct counters *counters, struct sender *ret)
{
	*ret = (struct sender){ .counters = counters };
	if (l->transport != TRANSPORT_UNIXGRAM)
		return 0;
	ret->unread = calloc(1, sizeof(*ret->unread));
	return ret->unread ? 0 : -ENOMEM;
}

void sender_begin(struct sender *s, int fd)
{
	int bytes = 0;
	socklen_t n = sizeof(bytes);

	if (s->unread && getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, &n) == 0)
		unread_init(s->unread, (uint64_t)bytes);
}

static size_t length_of(const struct msghdr *m)
{
	return m->msg_iov->iov_len;
}

static void count_error(struct sender *s)
{
	counters_add(&s->counters->send_errors, 1);
}

/* Keeps those for clients that have not too much unread. Returns how many. */
static unsigned admit(struct sender *s, int fd, struct mmsghdr *out, unsigned n)
{
	int unread = 0;
	unsigned kept = 0;

	if (ioctl(fd, SIOCOUTQ, &unread) < 0)
		return n;
	unread_settle(s->unread, (uint64_t)unread);
	for (unsigned i = 0; i < n; i++) {
		const struct msghdr *m = &out[i].msg_hdr;

		if (unread_admit(s->unread, m->msg_name, m->msg_namelen, length_of(m)))
			out[kept++] = out[i];
		else
			count_error(s);
	}
	return kept;
}

static void drop(struct sender *s, const struct msghdr *m)
{
	count_error(s);
	if (s->unread)
		unread_refund(s->unread, m->msg_name, m->msg_namelen, length_of(m));
}

static void count_sent(struct sender *s, const struct mmsghdr *out, unsigned n)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += out[i].msg_len;
	counters_add(&s->counters->sent_bytes, bytes);
	counters_add(&s->counters->datagrams_answered, n);
}

void sender_send(struct sender *s, int fd, struct mmsghdr *out, unsigned n)
{
	bool waited = s->unread != NULL; /* no waiting for a UNIX client to read */

	if (s->unread)
		n = admit(s, fd, out, n);
	for (unsigned at = 0; at < n;) {
		int r = sendmmsg(fd, out + at, n - at, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (r > 0) {
			count_sent(s, out + at, (unsigned)r);
			at += (unsigned)r;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN && !waited) {
			/* Our own send buffer is full: it empties as fast as the device sends. */
			struct pollfd p = { .fd = fd, .events = POLLOUT };
			(void)poll(&p, 1, WAIT_MS);
			waited = true;
			continue;
		}
		drop(s, &out[at].msg_hdr);
		at++;
	}
}
