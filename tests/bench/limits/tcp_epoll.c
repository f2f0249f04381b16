/* SPDX-License-Identifier: MIT */
/*
 * The least an event loop does for a TCP echo: tcp_epoll PORT [-b BYTES] [-a].
 *
 * -b: the one buffer, 65536 unless said; -a: reads at once after accept. It checks nothing and bounds nothing: a limit to
 * compare with, not a server.
 */
#include "limits.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct connection {
	int fd;
	size_t at, left; /* of what the client did not take at once */
	unsigned char *kept;
};

static int epoll_fd;
static unsigned char *buffer;
static size_t buffer_bytes = 65536;

static void wait_for(struct connection *c, int how, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = c };

	if (epoll_ctl(epoll_fd, how, c->fd, &e) < 0)
		limits_die("epoll_ctl");
}

static void end(struct connection *c)
{
	close(c->fd);
	free(c->kept);
	free(c);
}

static void keep(struct connection *c, const unsigned char *data, size_t n)
{
	if (!c->kept && !(c->kept = malloc(buffer_bytes)))
		limits_die("malloc");
	memcpy(c->kept, data, n);
	c->at = 0;
	c->left = n;
	wait_for(c, EPOLL_CTL_MOD, EPOLLOUT);
}

static void echo(struct connection *c)
{
	ssize_t n = recv(c->fd, buffer, buffer_bytes, 0), sent;

	if (n < 0 && errno == EAGAIN)
		return;
	sent = n > 0 ? send(c->fd, buffer, (size_t)n, MSG_NOSIGNAL) : -1;
	if (n > 0 && sent < 0 && errno == EAGAIN)
		sent = 0;
	if (sent < 0)
		end(c);
	else if (sent < n)
		keep(c, buffer + sent, (size_t)(n - sent));
}

static void send_kept(struct connection *c)
{
	ssize_t sent = send(c->fd, c->kept + c->at, c->left, MSG_NOSIGNAL);

	if (sent < 0 && errno == EAGAIN)
		return;
	if (sent < 0) {
		end(c);
		return;
	}
	c->at += (size_t)sent;
	c->left -= (size_t)sent;
	if (c->left == 0)
		wait_for(c, EPOLL_CTL_MOD, EPOLLIN);
}

static void take_new(int listener, int read_at_once)
{
	for (int i = 0; i < 16; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct connection *c = fd < 0 ? NULL : calloc(1, sizeof(*c));
		if (!c)
			return;
		c->fd = fd;
		wait_for(c, EPOLL_CTL_ADD, EPOLLIN);
		if (read_at_once)
			echo(c);
	}
}

int main(int argc, char **argv)
{
	int read_at_once = 0;
	struct connection listener = { 0 };

	for (int o; (o = getopt(argc, argv, "b:a")) != -1;) {
		if (o == 'b')
			buffer_bytes = (size_t)atol(optarg);
		read_at_once |= o == 'a';
	}
	listener.fd = limits_socket(SOCK_STREAM, SOCK_NONBLOCK, argv[optind]);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	buffer = malloc(buffer_bytes);
	wait_for(&listener, EPOLL_CTL_ADD, EPOLLIN);
	for (;;) {
		struct epoll_event events[256];
		int n = epoll_wait(epoll_fd, events, 256, -1);
		for (int i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;
			if (c == &listener)
				take_new(listener.fd, read_at_once);
			else if (c->left)
				send_kept(c);
			else
				echo(c);
		}
	}
}
