/* SPDX-License-Identifier: MIT */
/* The lines of a text file whose bytes are in memory: without line ends (LF or CR LF), comments, and blanks before those. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct lines {
	const char *at, *end; /* the bytes that are left                        */
	char comment;         /* the byte that begins a comment; NUL: there are none */
	unsigned line;        /* the number of the line that was taken last, from 1 */
};

/* The fault of a file, and its line. */
struct lines_fault {
	unsigned line;
	const char *why; /* a static text */
};

/* Takes the next line. False at the end. */
bool lines_next(struct lines *l, const char **ret, size_t *ret_n);
