/* SPDX-License-Identifier: MIT */
/*
 * The loads over TCP: `echo` keeps messages in flight on streams that stay (pipelined and bulk streams are long ones of it);
 * `session` connects, has one message echoed (or, with --eof, reads all the server says) and closes, again and again.
 */
#include "load.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

#define WINDOW_MAX (4 * 1024 * 1024)
#define PERIOD 65521 /* a prime: what is shifted by a buffer's length is seen */

static unsigned char pattern[PERIOD + WINDOW_MAX];

static void make_pattern(void)
{
	if (pattern[1])
		return;
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (unsigned char)((i % PERIOD) * 167 >> 3);
}

/* A socket of the i-th source: one source's ports would be used up by sessions in a second. */
static int socket_of(uint64_t i, int flags)
{
	struct sockaddr_in from = load_source(i, load_options.sources);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), one = 1;

	if (fd < 0)
		load_die("socket");
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&from, sizeof(from)) < 0)
		load_die("bind");
	return fd;
}

/* ---- echo ---- */

static void stream_open(struct client *c)
{
	struct sockaddr_in to = load_server();

	make_pattern();
	if (load_options.size * load_options.depth > WINDOW_MAX) {
		errno = E2BIG;
		load_die("--size times --depth");
	}
	c->fd = socket_of(load_index(c), 0);
	if (connect(c->fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		load_die("connect");
	load_watch(c, EPOLLIN);
}

static void stream_lost(struct client *c)
{
	load_counts.errors++;
	close(c->fd);
	c->fd = -1;
	c->got = c->sent;
}

/* Whole messages only, --depth of them beyond those that were answered. */
static void stream_ask(struct client *c)
{
	uint64_t size = (uint64_t)load_options.size, goal = (c->got / size + (uint64_t)load_options.depth) * size;
	ssize_t n;

	if (c->fd < 0 || !load_running)
		return;
	if (c->sent == c->got)
		c->begun_ns = load_now_ns();
	while (c->sent < goal) {
		n = send(c->fd, pattern + c->sent % PERIOD, goal - c->sent, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			stream_lost(c);
			return;
		}
		c->sent += (uint64_t)n;
	}
	load_watch(c, c->sent < goal ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void stream_ready(struct client *c, uint32_t events)
{
	uint64_t size = (uint64_t)load_options.size, before = c->got / size;
	ssize_t n;

	if (events & ~(uint32_t)EPOLLOUT) {
		n = recv(c->fd, load_buffer, sizeof(load_buffer), MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0 || (uint64_t)n > c->sent - c->got ||
		    memcmp(load_buffer, pattern + c->got % PERIOD, (size_t)n) != 0) {
			stream_lost(c);
			return;
		}
		c->got += (uint64_t)n;
		if (c->got / size > before)
			load_done(c, c->got / size - before);
	}
	if (load_running)
		stream_ask(c);
	else
		load_watch(c, EPOLLIN);
}

static bool stream_owed(const struct client *c)
{
	return c->sent != c->got;
}

const struct load_kind load_echo = {
	.name = "echo", .open = stream_open, .ask = stream_ask, .ready = stream_ready, .owed = stream_owed
};

/* ---- session ---- */

static void session_open(struct client *c)
{
	make_pattern();
	c->fd = -1;
}

static void session_over(struct client *c, bool good)
{
	close(c->fd);
	c->fd = -1;
	c->events = 0;
	if (good)
		load_done(c, 1);
	else
		load_counts.errors++;
}

static void session_send(struct client *c)
{
	if (load_options.eof || send(c->fd, pattern, (size_t)load_options.size, MSG_NOSIGNAL) == load_options.size) {
		c->sent = (uint64_t)load_options.size;
		load_watch(c, EPOLLIN);
	} else if (errno == EAGAIN || errno == ENOTCONN) {
		load_watch(c, EPOLLOUT);
	} else {
		session_over(c, false);
	}
}

static void session_ask(struct client *c)
{
	static uint64_t ever;
	struct sockaddr_in to = load_server();

	if (c->fd >= 0 || !load_running)
		return;
	c->fd = socket_of(ever++, SOCK_NONBLOCK);
	c->sent = c->got = 0;
	c->begun_ns = load_now_ns();
	if (connect(c->fd, (const struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
		session_over(c, false);
	else
		session_send(c);
}

/* Of an echo the message, then ours is the close; else until the server's close. */
static void session_read(struct client *c)
{
	ssize_t n = recv(c->fd, load_buffer, sizeof(load_buffer), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		session_over(c, n == 0 && load_options.eof && c->got > 0);
		return;
	}
	c->got += (uint64_t)n;
	if (!load_options.eof && c->got >= (uint64_t)load_options.size)
		session_over(c, c->got == (uint64_t)n && memcmp(load_buffer, pattern, (size_t)n) == 0);
}

static void session_ready(struct client *c, uint32_t events)
{
	if (c->events == EPOLLOUT && !(events & EPOLLERR))
		session_send(c);
	else
		session_read(c);
	session_ask(c);
}

static bool session_owed(const struct client *c)
{
	return c->fd >= 0;
}

const struct load_kind load_session = {
	.name = "session", .open = session_open, .ask = session_ask, .ready = session_ready, .owed = session_owed
};
