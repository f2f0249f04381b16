/* SPDX-License-Identifier: MIT */
/* A question to a running daemon over its control socket, and the lines of its answer. */
#include "echotimectl/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

#define CONNECT_PATIENCE_S 15

/* A connected socket, or -errno; -EAGAIN where too many wait already, for too long. */
static int open_path(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = CONNECT_PATIENCE_S };
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = text_copy(sun.sun_path, sizeof(sun.sun_path), path);

	if (r < 0)
		return r;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) < 0)
		return -errno;
	return fd_take(&fd);
}

/* Nobody is there; another place may be the right one. */
static bool is_nobody(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR;
}

/* The places where daemons are by default, the likeliest for this user first: as for the daemon itself. The number of
 * places. */
static size_t usual_places(char places[][108])
{
	const char *made = getenv("RUNTIME_DIRECTORY"), *own = getenv("XDG_RUNTIME_DIR");
	size_t n = 0;

	if (made && made[0] == '/')
		(void)snprintf(places[n++], 108, "%.*s/control", (int)strcspn(made, ":"), made);
	if (geteuid() != 0 && own && own[0] == '/')
		(void)snprintf(places[n++], 108, "%s/echotimed", own);
	(void)snprintf(places[n++], 108, "%s", ECHOTIMED_CONTROL);
	return n;
}

int ask_open(struct ask *a, const char *path, struct text *why)
{
	char places[3][108];
	size_t n = path ? 1 : usual_places(places);

	a->used = a->taken = 0;
	a->fd = -ENOENT;
	for (size_t i = 0; i < n && a->fd < 0; i++) {
		const char *place = path ? path : places[i];

		a->fd = open_path(place);
		if (a->fd >= 0 || (is_nobody(a->fd) && i + 1 < n))
			continue;
		text_addf(why, is_nobody(a->fd) ? "no daemon answers at %s" : "cannot ask the daemon at %s", place);
		if (!is_nobody(a->fd))
			text_addf(why, ": %s", strerror(-a->fd));
		return a->fd;
	}
	return 0;
}

int ask_send(struct ask *a, const char *request, size_t n, unsigned patience_s)
{
	struct timeval patience = { .tv_sec = (time_t)patience_s };

	if (setsockopt(a->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return -errno;
	return fd_write_all(a->fd, request, n);
}

int ask_next(struct ask *a, char **ret_line, size_t *ret_n)
{
	for (;;) {
		char *line = a->storage + a->taken;
		char *end = memchr(line, '\n', a->used - a->taken);

		if (end) {
			*end = '\0';
			*ret_line = line;
			*ret_n = (size_t)(end - line);
			a->taken += *ret_n + 1;
			return 1;
		}
		memmove(a->storage, line, a->used - a->taken);
		a->used -= a->taken;
		a->taken = 0;
		if (a->used == sizeof(a->storage))
			return -EPROTO;
		ssize_t n = recv(a->fd, a->storage + a->used, sizeof(a->storage) - a->used, 0);
		/* A daemon that did not read all we said ends with a reset. */
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return a->used ? -EPROTO : 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		a->used += n > 0 ? (size_t)n : 0;
	}
}

void ask_close(struct ask *a)
{
	fd_close(&a->fd);
}
