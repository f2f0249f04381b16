/* SPDX-License-Identifier: MIT */
/* Sends the answers of a datagram socket, and drops those that cannot be sent. */
#include "datagram/sender.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/pages.h"

/* Sealed answers are sent so many at once: the last one's time stamp is older than its sending by what the others take. */
#define SEALED_AT_ONCE 4

#define ERRORS_AT_ONCE 256

#define WAIT_MS 2 /* for room in a full send buffer, once a batch */

int sender_new(const struct listener *l, struct counters *counters, struct sender *ret)
{
	const struct svc_needs *needs = &l->settings->service->needs;

	*ret = (struct sender){ .counters = counters, .seal = needs->seal, .depart = needs->depart };
	if (needs->depart) {
		ret->departures = pages_take(sizeof(*ret->departures));
		if (!ret->departures)
			return -ENOMEM;
	}
	if (l->transport != TRANSPORT_UNIXGRAM)
		return 0;
	ret->unread = pages_take(sizeof(*ret->unread));
	return ret->unread ? 0 : -ENOMEM;
}

/* The numbers that the kernel has given are not known any more. */
static void forget_departures(struct sender *s)
{
	if (s->departures)
		departures_forget(s->departures);
}

/* A kernel that does not know UDP_SEGMENT would not refuse it but send the whole message as one datagram. */
static bool can_merge(int fd)
{
	int bytes = 0;
	socklen_t n = sizeof(bytes);

	return getsockopt(fd, SOL_UDP, UDP_SEGMENT, &bytes, &n) == 0;
}

void sender_begin(struct sender *s, int fd)
{
	int bytes = 0;
	socklen_t n = sizeof(bytes);

	forget_departures(s);
	s->merges = !s->unread && !s->seal && can_merge(fd);
	if (s->unread && getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, &n) == 0)
		unread_init(s->unread, (uint64_t)bytes);
}

static size_t length_of(const struct msghdr *m)
{
	return m->msg_iov->iov_len;
}

static void count_errors(struct sender *s, uint32_t n)
{
	counters_add(&s->counters->send_errors, n);
}

/* Keeps the answers for clients that have not too much unread, each of which is one datagram. Returns how many. */
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
			count_errors(s, 1);
	}
	return kept;
}

static void drop(struct sender *s, const struct msghdr *m, uint32_t datagrams_n)
{
	count_errors(s, datagrams_n);
	if (s->unread)
		unread_refund(s->unread, m->msg_name, m->msg_namelen, length_of(m));
}

/* The state of sending one batch. */
struct sending {
	struct sender *s;
	int fd;
	bool waited;
};

/* Sends the first of n messages. How many were sent; 0 with errno where the first cannot be sent. */
static unsigned send_some(struct sending *g, struct mmsghdr *out, unsigned n)
{
	for (;;) {
		int r = sendmmsg(g->fd, out, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (r < (int)n)
			forget_departures(g->s);
		if (r > 0)
			return (unsigned)r;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || g->waited)
			return 0;
		/* Our own send buffer is full: it empties as fast as the device sends. */
		struct pollfd p = { .fd = g->fd, .events = POLLOUT };
		(void)poll(&p, 1, WAIT_MS);
		g->waited = true;
	}
}

static void count_sent(struct sender *s, uint64_t datagrams_n, uint64_t bytes)
{
	counters_add(&s->counters->sent_bytes, bytes);
	counters_add(&s->counters->datagrams_answered, datagrams_n);
}

/* Takes a message apart. How many datagrams. */
static unsigned split(const struct mmsghdr *m, const struct outbox_content *c, struct mmsghdr *ret, struct iovec *ret_iov)
{
	unsigned n = 0;

	for (size_t i = 0; i < (size_t)m->msg_hdr.msg_iovlen; i++) {
		const struct iovec *piece = &m->msg_hdr.msg_iov[i];
		for (size_t at = 0; at < piece->iov_len; at += c->segment, n++) {
			size_t left = piece->iov_len - at;
			ret_iov[n] = (struct iovec){ .iov_base = (char *)piece->iov_base + at,
						     .iov_len = left < c->segment ? left : c->segment };
			ret[n].msg_hdr = m->msg_hdr;
			ret[n].msg_hdr.msg_iov = &ret_iov[n];
			ret[n].msg_hdr.msg_iovlen = 1;
			ret[n].msg_hdr.msg_controllen = (socklen_t)c->control;
		}
	}
	return n;
}

static void send_apart(struct sending *g, const struct mmsghdr *m, const struct outbox_content *c)
{
	struct mmsghdr out[OUTBOX_SEGMENTS_MAX];
	struct iovec iov[OUTBOX_SEGMENTS_MAX];
	unsigned n = split(m, c, out, iov);

	for (unsigned at = 0; at < n;) {
		unsigned sent = send_some(g, out + at, n - at);
		uint64_t bytes = 0;
		for (unsigned i = 0; i < sent; i++)
			bytes += out[at + i].msg_len;
		if (sent)
			count_sent(g->s, sent, bytes);
		else
			drop(g->s, &out[at].msg_hdr, 1);
		at += sent ? sent : 1;
	}
}

/* Whether the datagrams of a message may be sent one by one after it could not be sent as one. EINVAL, EMSGSIZE: they
 * are too long for the path, or for the device, and go in fragments; EIO: the kernel cannot do it on this path (no
 * checksums by the device, IPsec). Nothing was sent then. */
static bool may_go_apart(const struct outbox_content *c, int err)
{
	return c->n > 1 && (err == EINVAL || err == EMSGSIZE || err == EIO);
}

/* The service's last word on an answer. */
static void seal(struct sender *s, int fd, const struct outbox_content *c, const struct iovec *answer)
{
	s->sealing.wall = clock_wall();
	s->seal(&s->sealing, c->handle, answer->iov_base, answer->iov_len);
	if (c->departs)
		departures_expect(s->departures, fd,
				  &(struct svc_departure){ .handle = c->handle, .wall = s->sealing.wall });
}

/* Seals the next few answers. How many they are. */
static unsigned seal_some(struct sender *s, int fd, const struct outbox *b, unsigned at)
{
	unsigned n = b->n - at < SEALED_AT_ONCE ? b->n - at : SEALED_AT_ONCE;

	for (unsigned i = at; i < at + n; i++)
		seal(s, fd, &b->contents[i], b->messages[i].msg_hdr.msg_iov);
	return n;
}

bool sender_take_errors(struct sender *s, int fd)
{
	struct svc_departure d;
	int n = 0;

	if (!s->departures)
		return fd_drain_errors(fd);
	for (; n < ERRORS_AT_ONCE && departures_next(s->departures, fd, &d); n++)
		if (d.handle != 0)
			s->depart(&s->sealing, &d);
	return n > 0;
}

void sender_send(struct sender *s, int fd, struct outbox *b)
{
	struct sending g = { .s = s, .fd = fd, .waited = s->unread != NULL }; /* no waiting for a UNIX client to read */
	unsigned n = s->unread ? admit(s, fd, b->messages, b->n) : b->n;
	uint64_t datagrams_n = 0, bytes = 0;

	for (unsigned at = 0; at < n;) {
		unsigned next = s->seal ? seal_some(s, fd, b, at) : n - at;
		unsigned sent = send_some(&g, b->messages + at, next);
		for (unsigned i = 0; i < sent; i++, at++) {
			datagrams_n += b->contents[at].n;
			bytes += b->messages[at].msg_len;
		}
		if (sent)
			continue;
		if (may_go_apart(&b->contents[at], errno))
			send_apart(&g, &b->messages[at], &b->contents[at]);
		else
			drop(s, &b->messages[at].msg_hdr, b->contents[at].n);
		at++;
	}
	count_sent(s, datagrams_n, bytes);
	outbox_begin(b, s->merges);
}
