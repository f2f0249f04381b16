/* SPDX-License-Identifier: MIT */
/* A TCP echo as one plainly writes it with libev, a watcher and a buffer for each connection: tcp_libev PORT. */
#include "limits.h"

#include <errno.h>
#include <ev.h>
#include <unistd.h>

struct connection {
	struct ev_io io; /* for reading while nothing is left, for writing else */
	size_t at, left;
	unsigned char buffer[16384];
};

static void end(struct ev_loop *loop, struct connection *c)
{
	ev_io_stop(loop, &c->io);
	close(c->io.fd);
	free(c);
}

static void wait_for(struct ev_loop *loop, struct connection *c, int events)
{
	if ((c->io.events & (EV_READ | EV_WRITE)) == events)
		return;
	ev_io_stop(loop, &c->io);
	ev_io_set(&c->io, c->io.fd, events);
	ev_io_start(loop, &c->io);
}

static void echo(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct connection *c = w->data;
	ssize_t n;

	(void)events;
	if (c->left == 0) {
		n = recv(w->fd, c->buffer, sizeof(c->buffer), 0);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			end(loop, c);
			return;
		}
		c->at = 0;
		c->left = (size_t)n;
	}
	n = send(w->fd, c->buffer + c->at, c->left, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN) {
		end(loop, c);
		return;
	}
	if (n > 0) {
		c->at += (size_t)n;
		c->left -= (size_t)n;
	}
	wait_for(loop, c, c->left ? EV_WRITE : EV_READ);
}

static void arrived(struct ev_loop *loop, struct ev_io *w, int events)
{
	int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct connection *c = fd < 0 ? NULL : calloc(1, sizeof(*c));

	(void)events;
	if (!c)
		return;
	ev_io_init(&c->io, echo, fd, EV_READ);
	c->io.data = c;
	ev_io_start(loop, &c->io);
}

int main(int argc, char **argv)
{
	struct ev_loop *loop = ev_default_loop(EVBACKEND_EPOLL);
	struct ev_io listener;

	if (argc != 2 || !loop)
		return 64;
	ev_io_init(&listener, arrived, limits_socket(SOCK_STREAM, SOCK_NONBLOCK, argv[1]), EV_READ);
	ev_io_start(loop, &listener);
	return ev_run(loop, 0);
}
