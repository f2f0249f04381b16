/* SPDX-License-Identifier: MIT */
/* A TCP echo as one writes it with libev, with a watcher for each connection: tcp_libev PORT. */
#include "limits.h"

#include <errno.h>
#include <ev.h>
#include <unistd.h>

static unsigned char buffer[65536];

struct connection {
	struct ev_io reader;
	struct ev_io writer;
	size_t at, left;
	unsigned char kept[sizeof(buffer)];
};

static void end(struct ev_loop *loop, struct connection *c)
{
	ev_io_stop(loop, &c->reader);
	ev_io_stop(loop, &c->writer);
	close(c->reader.fd);
	free(c);
}

static void keep(struct ev_loop *loop, struct connection *c, size_t from, size_t to)
{
	for (c->left = 0; from < to; from++)
		c->kept[c->left++] = buffer[from];
	c->at = 0;
	ev_io_stop(loop, &c->reader);
	ev_io_start(loop, &c->writer);
}

static void readable(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct connection *c = w->data;
	ssize_t n = recv(w->fd, buffer, sizeof(buffer), 0), sent;

	(void)events;
	if (n < 0 && errno == EAGAIN)
		return;
	sent = n > 0 ? send(w->fd, buffer, (size_t)n, MSG_NOSIGNAL) : -1;
	if (n > 0 && sent < 0 && errno == EAGAIN)
		sent = 0;
	if (sent < 0)
		end(loop, c);
	else if (sent < n)
		keep(loop, c, (size_t)sent, (size_t)n);
}

static void writable(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct connection *c = w->data;
	ssize_t sent = send(w->fd, c->kept + c->at, c->left, MSG_NOSIGNAL);

	(void)events;
	if (sent < 0 && errno == EAGAIN)
		return;
	if (sent < 0) {
		end(loop, c);
		return;
	}
	c->at += (size_t)sent;
	c->left -= (size_t)sent;
	if (c->left == 0) {
		ev_io_stop(loop, &c->writer);
		ev_io_start(loop, &c->reader);
	}
}

static void arrived(struct ev_loop *loop, struct ev_io *w, int events)
{
	int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct connection *c = fd < 0 ? NULL : calloc(1, sizeof(*c));

	(void)events;
	if (!c)
		return;
	ev_io_init(&c->reader, readable, fd, EV_READ);
	ev_io_init(&c->writer, writable, fd, EV_WRITE);
	c->reader.data = c->writer.data = c;
	ev_io_start(loop, &c->reader);
}

int main(int argc, char **argv)
{
	struct ev_loop *loop = ev_default_loop(EVBACKEND_EPOLL);
	struct ev_io listener;

	if (argc != 2 || !loop)
		return 64;
	ev_io_init(&listener, arrived, limits_socket(SOCK_STREAM, 0, argv[1]), EV_READ);
	ev_io_start(loop, &listener);
	return ev_run(loop, 0);
}
