/* SPDX-License-Identifier: MIT */
/*
 * The loads over UDP: `udp` keeps --depth numbered datagrams in flight on each of its connected sockets (with --gso they leave
 * as one super-datagram); `sources` sends them from --sources addresses in turn, all by one socket.
 *
 * What is not answered for LOST_NS is lost; what comes after that is late; a number below its predecessor is disorder.
 */
#include "load.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

#define LOST_NS UINT64_C(200000000)
#define BATCH 64
#define SOCKET_BUFFER (4 * 1024 * 1024)
#define CONTROL_BYTES CMSG_SPACE(sizeof(struct in_pktinfo))

static unsigned char out[BATCH][2048], in[BATCH][2048];
static struct iovec out_at[BATCH], in_at[BATCH];
static struct mmsghdr out_headers[BATCH], in_headers[BATCH];
static struct sockaddr_in server; /* `sources`: its socket is not connected */
static bool many_sources;
static union {
	struct cmsghdr align;
	unsigned char bytes[CONTROL_BYTES];
} control[BATCH];

static int socket_open(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), bytes = SOCKET_BUFFER;

	if (fd < 0)
		load_die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return fd;
}

/* The octets of --payload, whose size is the datagrams'. */
static void payload_init(void)
{
	const char *at = load_options.payload;
	unsigned octet;
	size_t n = 0;

	for (int used; at && n < sizeof(out[0]) && sscanf(at, "%2x%n", &octet, &used) == 1; at += used)
		out[0][n++] = (unsigned char)octet;
	load_options.size = (long)n;
}

static void buffers_init(void)
{
	if (load_options.payload)
		payload_init();
	size_t size = (size_t)load_options.size;

	if (size < sizeof(uint64_t) || size > sizeof(out[0])) {
		errno = ERANGE;
		load_die("--size of a datagram: 8 to 2048");
	}
	for (size_t i = 0; i < BATCH; i++) {
		if (!load_options.payload)
			memset(out[i], 'e', size);
		else if (i > 0)
			memcpy(out[i], out[0], size);
		out_at[i] = (struct iovec){ out[i], size };
		in_at[i] = (struct iovec){ in[i], sizeof(in[i]) };
		out_headers[i].msg_hdr = (struct msghdr){ .msg_iov = &out_at[i], .msg_iovlen = 1 };
		in_headers[i].msg_hdr = (struct msghdr){ .msg_iov = &in_at[i], .msg_iovlen = 1 };
	}
}

static struct cmsghdr *control_put(struct msghdr *h, void *at, size_t room)
{
	h->msg_control = at;
	h->msg_controllen = room;
	return CMSG_FIRSTHDR(h);
}

static void udp_open(struct client *c)
{
	struct sockaddr_in to = load_server(), from = load_source(load_index(c), load_options.sources);
	int one = 1;

	if (load_index(c) == 0)
		buffers_init();
	c->fd = socket_open();
	if (load_options.gso && setsockopt(c->fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one)) < 0)
		load_die("UDP_GRO");
	/* A server beyond 127/8 does not answer sources in it. */
	if ((ntohl(to.sin_addr.s_addr) >> 24 == 127 && bind(c->fd, (const struct sockaddr *)&from, sizeof(from)) < 0) ||
	    connect(c->fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		load_die("connect");
	load_watch(c, EPOLLIN);
}

/* The next n datagrams get their numbers and, of many sources, where they come from. */
static void number(struct client *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t at = c->sent + i;
		if (!load_options.payload)
			memcpy(out[i], &at, sizeof(at));
		if (many_sources) {
			struct in_pktinfo from = { .ipi_spec_dst = load_source(at, load_options.sources).sin_addr };
			memcpy(CMSG_DATA(CMSG_FIRSTHDR(&out_headers[i].msg_hdr)), &from, sizeof(from));
		}
	}
}

/* All of it by one sendmsg, as one super-datagram. */
static int send_gso(struct client *c, size_t n)
{
	struct msghdr h = { .msg_iov = out_at, .msg_iovlen = n };
	struct cmsghdr *m = control_put(&h, &control[0], CMSG_SPACE(sizeof(uint16_t)));
	uint16_t size = (uint16_t)load_options.size;

	m->cmsg_level = IPPROTO_UDP;
	m->cmsg_type = UDP_SEGMENT;
	m->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(m), &size, sizeof(size));
	return sendmsg(c->fd, &h, 0) < 0 ? -1 : (int)n;
}

static void udp_ask(struct client *c)
{
	uint64_t flying = c->sent - c->got, now_ns = load_now_ns();

	if (!load_running)
		return;
	if (flying == 0)
		c->begun_ns = now_ns;
	while (flying < (uint64_t)load_options.depth) {
		size_t n = (size_t)load_options.depth - flying < BATCH ? (size_t)load_options.depth - flying : BATCH;
		int sent;
		number(c, n);
		sent = load_options.gso && n > 1 ? send_gso(c, n) : sendmmsg(c->fd, out_headers, (unsigned)n, 0);
		if (sent < 0 && errno != EAGAIN && errno != ECONNREFUSED)
			load_die("send");
		if (sent <= 0)
			break;
		c->sent += (uint64_t)sent;
		flying += (uint64_t)sent;
	}
	c->heard_ns = now_ns;
}

/* An answer of `len` bytes. Returns whether it was waited for. */
static bool answered(struct client *c, const unsigned char *data, size_t len)
{
	size_t size = (size_t)load_options.size;
	uint64_t n = 0;

	if (load_options.payload && len == size)
		return true;
	if (len == size)
		memcpy(&n, data, sizeof(n));
	if (len != size || n >= c->sent || memcmp(data + sizeof(n), out[0] + sizeof(n), size - sizeof(n)) != 0) {
		load_counts.errors++;
		return false;
	}
	if (n < c->given_up) {
		load_counts.late++;
		return false;
	}
	if (n < c->next)
		load_counts.disorder++;
	else
		c->next = n + 1;
	return true;
}

static size_t receive_gro(struct client *c)
{
	ssize_t n = recv(c->fd, load_buffer, sizeof(load_buffer), 0);
	size_t size = (size_t)load_options.size, good = 0;

	for (ssize_t at = 0; at < n; at += (ssize_t)size)
		good += answered(c, load_buffer + at, (size_t)(n - at) < size ? (size_t)(n - at) : size);
	return good;
}

static size_t receive_many(struct client *c)
{
	int n = recvmmsg(c->fd, in_headers, BATCH, 0, NULL);
	size_t good = 0;

	for (int i = 0; i < n; i++)
		good += answered(c, in[i], in_headers[i].msg_len);
	return good;
}

static void udp_ready(struct client *c, uint32_t events)
{
	size_t good = load_options.gso ? receive_gro(c) : receive_many(c);

	(void)events;
	if (good == 0)
		return;
	c->got += good;
	c->heard_ns = load_now_ns();
	load_done(c, good);
	udp_ask(c);
}

static void udp_look(struct client *c, uint64_t now_ns)
{
	if (c->sent == c->got || now_ns - c->heard_ns < LOST_NS)
		return;
	load_counts.lost += c->sent - c->got;
	c->got = c->next = c->given_up = c->sent;
	udp_ask(c);
}

static bool udp_owed(const struct client *c)
{
	return c->sent != c->got;
}

const struct load_kind load_udp = {
	.name = "udp", .open = udp_open, .ask = udp_ask, .ready = udp_ready, .look = udp_look, .owed = udp_owed
};

/* ---- sources: the datagram that is the n-th of all comes from the address (n modulo --sources) ---- */

static void sources_open(struct client *c)
{
	struct sockaddr_in any = { .sin_family = AF_INET };

	buffers_init();
	many_sources = true;
	server = load_server();
	c->fd = socket_open();
	if (bind(c->fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
		load_die("bind");
	for (size_t i = 0; i < BATCH; i++) {
		struct msghdr *h = &out_headers[i].msg_hdr;
		struct cmsghdr *m = control_put(h, &control[i], CONTROL_BYTES);
		h->msg_name = &server;
		h->msg_namelen = sizeof(server);
		m->cmsg_level = IPPROTO_IP;
		m->cmsg_type = IP_PKTINFO;
		m->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
	}
	load_watch(c, EPOLLIN);
}

const struct load_kind load_sources = {
	.name = "sources", .open = sources_open, .ask = udp_ask, .ready = udp_ready, .look = udp_look, .owed = udp_owed
};
