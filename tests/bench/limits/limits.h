/* SPDX-License-Identifier: MIT */
/* What the minimal servers share: a bound socket, and their end with whoever started them. */
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>

static inline void limits_die(const char *what)
{
	perror(what);
	exit(1);
}

/* A socket on every IPv4 address; a stream socket listens, and what it accepts sends small segments at once. */
static inline int limits_socket(int kind, int flags, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port)) };
	int fd = socket(AF_INET, kind | flags | SOCK_CLOEXEC, 0), one = 1, bytes = 4 * 1024 * 1024;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		limits_die("socket");
	if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0)
		limits_die("bind");
	if (kind == SOCK_STREAM) {
		if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0 || listen(fd, 4096) < 0)
			limits_die("listen");
	} else if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	}
	return fd;
}
