/* SPDX-License-Identifier: MIT */
/*
 * Sets the options of listening and datagram sockets.
 *
 * Linux gives an accepted TCP socket all that is set here on the listening one (tried: SO_OOBINLINE, SO_KEEPALIVE,
 * SO_SNDBUF, TCP_*, IP_TOS, IPV6_TCLASS, IP_RECVTOS, IPV6_RECVTCLASS), and an accepted UNIX socket nothing.
 */
#include "net/sockopt.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "net/make.h"
#include "net/sockopt_collect.h"
#include "net/sockopt_series.h"
#include "net/sockopt_tcp.h"

#define UDP_RECEIVE_BUFFER UINT64_C(4194304)   /* bytes: a burst waits in it while its reader is away      */
#define UNIXGRAM_SEND_BUFFER UINT64_C(4194304) /* bytes: what all clients together have not read yet is charged to it */

#define ECN_BITS 3

#ifndef SO_BUF_LOCK /* musl, and glibc before 2.35 */
#define SO_BUF_LOCK 72
#endif

static struct series begin(const struct listener *l)
{
	return (struct series){ .fd = l->fd, .lenient = l->transport == TRANSPORT_TCP && make_is_multipath(l->fd) };
}

/* An option that a kernel may lack without harm to anybody. */
static void set_if_known(const struct series *s, int level, int option, int value)
{
	if (s->result == 0)
		(void)setsockopt(s->fd, level, option, &value, sizeof(value));
}

static int end_series(const struct series *s, const char **ret_what)
{
	if (s->result < 0)
		*ret_what = s->failed;
	return s->result;
}

/* A dual-stack socket has the options of both. */
static bool speaks_ipv4(const struct listener *l)
{
	return l->socket_family == AF_INET || l->dual_stack;
}

static bool speaks_ipv6(const struct listener *l)
{
	return l->socket_family == AF_INET6;
}

/* ---- fixed ---- */

static void set_udp_v4(struct series *s)
{
	series_set(s, IPPROTO_IP, IP_PKTINFO, 1); /* the address that was asked is the one that answers */
	set_if_known(s, IPPROTO_IP, IP_MULTICAST_ALL, 0);
	/* A large answer goes out in fragments, and none is lost because a router on the way has a smaller MTU. */
	set_if_known(s, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
}

static void set_udp_v6(struct series *s)
{
	series_set(s, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	set_if_known(s, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
	set_if_known(s, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
}

static void set_udp(struct series *s, const struct listener *l)
{
	/* systemd sets SO_REUSEADDR, with which anybody may bind the same port and take the datagrams. */
	if (l->origin != ORIGIN_LENT)
		series_set(s, SOL_SOCKET, SO_REUSEADDR, 0);
	if (speaks_ipv4(l))
		set_udp_v4(s);
	if (speaks_ipv6(l))
		set_udp_v6(s);
	/* Several datagrams from one client may be read as one message, which says so. What reads a lent socket after us may
	 * not know that. */
	if (l->origin != ORIGIN_LENT)
		set_if_known(s, SOL_UDP, UDP_GRO, 1);
}

static void set_tcp(struct series *s)
{
	series_set(s, SOL_SOCKET, SO_REUSEADDR, 1); /* connections of before in TIME_WAIT do not keep us from starting */
	series_set(s, SOL_SOCKET, SO_OOBINLINE, 1); /* no byte of a client is lost, urgent or not */
}

/* Options that any socket needs, whoever bound it. */
static void set_needed(struct series *s, const struct listener *l)
{
	if (l->transport == TRANSPORT_TCP)
		set_tcp(s);
	else if (l->transport == TRANSPORT_UDP)
		set_udp(s, l);
}

/* Whoever made it may have asked for what would wait in its error queue. */
static void set_no_errors(const struct series *s, const struct listener *l)
{
	if (l->socket_family == AF_UNIX)
		return;
	set_if_known(s, SOL_SOCKET, SO_TIMESTAMPING, 0);
	if (speaks_ipv4(l))
		set_if_known(s, IPPROTO_IP, IP_RECVERR, 0);
	if (speaks_ipv6(l))
		set_if_known(s, IPPROTO_IPV6, IPV6_RECVERR, 0);
}

int sockopt_set_passed(const struct listener *l, const char **ret_what)
{
	struct series s = begin(l);

	set_needed(&s, l);
	if (l->origin != ORIGIN_LENT)
		set_no_errors(&s, l);
	return end_series(&s, ret_what);
}

int sockopt_set_fixed(const struct listener *l, const char **ret_what)
{
	const struct socket_settings *w = &l->settings->socket;
	struct series s = begin(l);

	if (l->socket_family == AF_UNIX)
		return 0;
	if (speaks_ipv6(l))
		series_set(&s, IPPROTO_IPV6, IPV6_V6ONLY, !l->dual_stack);
	if (w->interface[0] != '\0')
		series_set_bytes(&s, (struct option){ "SO_BINDTODEVICE", SOL_SOCKET, SO_BINDTODEVICE }, w->interface,
				 strlen(w->interface) + 1);
	if (w->freebind && speaks_ipv6(l))
		series_set(&s, IPPROTO_IPV6, IPV6_FREEBIND, 1);
	else if (w->freebind)
		series_set(&s, IPPROTO_IP, IP_FREEBIND, 1);
	set_needed(&s, l);
	return end_series(&s, ret_what);
}

/* ---- adjustable ---- */

static int to_int(uint64_t n, int most)
{
	return n < (uint64_t)most ? (int)n : most;
}

/* Half of what the kernel says: it doubles what it is asked for, for its own book-keeping. */
static uint32_t buffer_of(int fd, int option)
{
	int doubled = 0;
	socklen_t n = sizeof(doubled);

	if (getsockopt(fd, SOL_SOCKET, option, &doubled, &n) < 0 || doubled < 0)
		return 0;
	return (uint32_t)doubled / 2;
}

/* Another socket of the listener's kind, as the kernel makes them. The descriptor, or -1. */
static int fresh_socket(const struct listener *l)
{
	int type = 0;
	socklen_t n = sizeof(type);

	return getsockopt(l->fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0 ? -1 : socket(l->socket_family, type | SOCK_CLOEXEC, 0);
}

/* A kept socket whose size is no longer said gets what a new one would have, and the kernel may size it again. */
static void restore_buffer(const struct listener *l, int option)
{
	int unlocked = 0, bytes;
	cleanup_fd int fresh = fresh_socket(l);

	if (fresh < 0 || buffer_of(fresh, option) == buffer_of(l->fd, option))
		return;
	bytes = to_int(buffer_of(fresh, option), INT_MAX / 2);
	(void)setsockopt(l->fd, SOL_SOCKET, option, &bytes, sizeof(bytes));
	(void)setsockopt(l->fd, SOL_SOCKET, SO_BUF_LOCK, &unlocked, sizeof(unlocked)); /* since Linux 5.14 */
}

struct buffer {
	const char *name;
	int forced, plain; /* options: for who may exceed rmem_max, and for the others, who get what they can */
};
static const struct buffer receive_buffer = { "SO_RCVBUF", SO_RCVBUFFORCE, SO_RCVBUF },
			   send_buffer = { "SO_SNDBUF", SO_SNDBUFFORCE, SO_SNDBUF };

static void set_buffer(struct series *s, const struct buffer *b, uint64_t wanted)
{
	int bytes = to_int(wanted, INT_MAX / 2);

	if (s->result == 0 && setsockopt(s->fd, SOL_SOCKET, b->forced, &bytes, sizeof(bytes)) < 0)
		series_set_bytes(s, (struct option){ b->name, SOL_SOCKET, b->plain }, &bytes, sizeof(bytes));
}

/* Whether the socket has what is wanted, or more than we would get: it was passed so, or is from when we had the right. */
static bool is_best(const struct listener *l, const struct buffer *b, uint64_t wanted)
{
	uint32_t has = buffer_of(l->fd, b->plain);
	cleanup_fd int fresh = has <= wanted ? fresh_socket(l) : -1;
	struct series s = { .fd = fresh };

	if (fresh < 0)
		return false;
	set_buffer(&s, b, wanted);
	return buffer_of(fresh, b->plain) < has;
}

static void adjust_buffer(struct series *s, const struct listener *l, const struct buffer *b, uint64_t wanted)
{
	if (wanted != 0 && !is_best(l, b, wanted))
		set_buffer(s, b, wanted);
	else if (wanted == 0 && !listener_is_passed(l))
		restore_buffer(l, b->plain);
}

/* A buffer of no stated size leaves a passed socket as it is, unless it is too small. */
static uint64_t wanted_unless_said(const struct listener *l, int option, uint64_t said, uint64_t ours)
{
	if (said != 0)
		return said;
	return listener_is_passed(l) && buffer_of(l->fd, option) >= ours ? 0 : ours;
}

static void set_buffers(struct series *s, struct listener *l)
{
	const struct socket_settings *w = &l->settings->socket;
	uint64_t receive = wanted_unless_said(l, SO_RCVBUF, w->receive_buffer,
					      l->transport == TRANSPORT_UDP ? UDP_RECEIVE_BUFFER : 0);
	uint64_t send = wanted_unless_said(l, SO_SNDBUF, w->send_buffer,
					   l->transport == TRANSPORT_UNIXGRAM ? UNIXGRAM_SEND_BUFFER : 0);

	adjust_buffer(s, l, &receive_buffer, receive);
	adjust_buffer(s, l, &send_buffer, send);
	l->receive_buffer_got = buffer_of(l->fd, SO_RCVBUF);
}

/* "reflect" cannot be set beforehand: the class of what comes is asked for instead, and each answer, or session, gets its
 * own. */
static void set_dscp(struct series *s, const struct listener *l)
{
	int dscp = l->settings->socket.dscp;
	bool reflect = dscp == SETTINGS_DSCP_REFLECT;
	int class = reflect ? 0 : dscp << 2;

	if (speaks_ipv4(l)) {
		series_set(s, IPPROTO_IP, IP_TOS, class);
		series_set(s, IPPROTO_IP, IP_RECVTOS, reflect);
	}
	if (speaks_ipv6(l)) {
		series_set(s, IPPROTO_IPV6, IPV6_TCLASS, class);
		series_set(s, IPPROTO_IPV6, IPV6_RECVTCLASS, reflect);
	}
}

int sockopt_set_adjustable(struct listener *l, const char **ret_what)
{
	struct series s = begin(l);

	l->multipath = s.lenient;
	set_buffers(&s, l);
	if (l->transport == TRANSPORT_TCP)
		sockopt_tcp_set(&s, &l->settings->socket);
	if (l->socket_family != AF_UNIX)
		set_dscp(&s, l);
	if (l->transport == TRANSPORT_UDP)
		sockopt_collect_set(l);
	return end_series(&s, ret_what);
}

/* ---- sessions ---- */

/* The traffic class among the control messages that the kernel keeps of a connection; -1 if it tells none. */
static int find_class(struct msghdr *m, int level, int type)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		int class = 0;

		if (c->cmsg_level != level || c->cmsg_type != type || c->cmsg_len < CMSG_LEN(sizeof(class)))
			continue;
		memcpy(&class, CMSG_DATA(c), sizeof(class));
		return class;
	}
	return -1;
}

/* Answers in the DSCP of the connection's first packets. The kernel tells it at accept; a later change of the client's is
 * not seen. Where it tells nothing, answers stay at 0. */
static int reflect_dscp(int fd, const int ask[2], const int option[2])
{
	_Alignas(struct cmsghdr) char control[256];
	struct msghdr m = { .msg_control = control };
	socklen_t n = sizeof(control);
	int class;

	if (getsockopt(fd, ask[0], ask[1], control, &n) < 0)
		return 0;
	m.msg_controllen = n;
	class = find_class(&m, option[0], option[1]);
	if (class <= 0)
		return 0;
	class &= ~ECN_BITS;
	return setsockopt(fd, option[0], option[1], &class, sizeof(class)) < 0 ? -errno : 0;
}

static int set_tcp_session(const struct listener *l, int fd)
{
	int r = 0;

	if (l->settings->socket.dscp != SETTINGS_DSCP_REFLECT)
		return 0;
	/* An IPv4 client of a dual-stack socket has an IPv4 connection: each call is of no effect on the other's. */
	if (speaks_ipv4(l))
		r = reflect_dscp(fd, (const int[]){ IPPROTO_IP, IP_PKTOPTIONS }, (const int[]){ IPPROTO_IP, IP_TOS });
	if (r == 0 && speaks_ipv6(l))
		r = reflect_dscp(fd, (const int[]){ IPPROTO_IPV6, IPV6_2292PKTOPTIONS },
				 (const int[]){ IPPROTO_IPV6, IPV6_TCLASS });
	return r;
}

static int set_unix_session(const struct listener *l, int fd)
{
	const struct socket_settings *w = &l->settings->socket;
	struct series s = { .fd = fd };

	if (w->receive_buffer != 0)
		set_buffer(&s, &receive_buffer, w->receive_buffer);
	if (w->send_buffer != 0)
		set_buffer(&s, &send_buffer, w->send_buffer);
	return s.result;
}

int sockopt_set_session(const struct listener *l, int fd)
{
	return l->transport == TRANSPORT_TCP ? set_tcp_session(l, fd) : set_unix_session(l, fd);
}
