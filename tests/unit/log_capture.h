/* SPDX-License-Identifier: MIT */
/*
 * For the tests of the log: descriptor 2 lent to it for a while, and what arrived there.
 *
 * Descriptor 2 is the test's own only between log_to() and log_back(): cmocka writes there too.
 */
#pragma once

#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

static int real_stderr = -1;
static char got[1 << 17]; /* what arrived, with a NUL */

static inline void log_to(int fd)
{
	fflush(stderr);
	real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(fd, STDERR_FILENO);
	log_open();
}

static inline void log_back(void)
{
	dup2(real_stderr, STDERR_FILENO);
	fd_close(&real_stderr);
	log_open();
}

/* Reads all that is there into got. The bytes. */
static inline size_t read_all(int fd)
{
	size_t n = 0;
	ssize_t r;

	while (n < sizeof(got) - 1 && (r = recv(fd, got + n, sizeof(got) - 1 - n, MSG_DONTWAIT)) > 0)
		n += (size_t)r;
	got[n] = '\0';
	return n;
}

static inline unsigned lines_in(const char *s)
{
	unsigned n = 0;

	for (; *s != '\0'; s++)
		n += *s == '\n';
	return n;
}

/* What log_* calls between these two wrote, in got. */
static int pair[2];

static inline void capture(enum log_level level, enum log_format format)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	log_set(level, format);
	log_to(pair[1]);
}

static inline void captured(void)
{
	log_back();
	read_all(pair[0]);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}
