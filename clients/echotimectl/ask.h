/* SPDX-License-Identifier: MIT */
/* A question to a running daemon over its control socket, and the lines of its answer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/text.h"

#define ASK_LINE_MAX 65536 /* far more than a daemon sends */

struct ask {
	int fd;
	size_t used, taken; /* bytes in `storage`, and of them those handed out */
	char storage[ASK_LINE_MAX];
};

/* Connects to `path`; NULL: to where a daemon of this user is, or else the system's. 0, or -errno and why. */
int ask_open(struct ask *a, const char *path, struct text *why) must_check;

/* Sends a request, which ends in LF; it may take patience_s until something is answered. 0 or -errno. */
int ask_send(struct ask *a, const char *request, size_t n, unsigned patience_s) must_check;

/* The next line, without its LF but with a NUL, until the next call. 1; 0 at the end; or -errno: -EAGAIN when nothing came
 * for too long, -EPROTO for a line that is none. */
int ask_next(struct ask *a, char **ret_line, size_t *ret_n) must_check;

void ask_close(struct ask *a);
