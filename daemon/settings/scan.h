/* SPDX-License-Identifier: MIT */
/*
 * The source text of the settings, made safe for libconfig: all files in one text, and what libconfig would do wrong
 * refused before.
 *
 * libconfig 1.5 ends the process where an @include names a folder, waits for ever on a FIFO, and takes 4294967298 for 2. So
 * its includes are put in place here, and integers beyond 32 bits get the suffix that keeps them whole. What is wrong with
 * the grammar otherwise is libconfig's to say.
 * Process: the settings reader only; memory is not given back, the process ends.
 */
#pragma once

#include <stddef.h>

#include "base/attr.h"
#include "settings/token_limits.h"

#define SCAN_TEXT_MAX ((size_t)1 << 20) /* bytes of all files together */
#define SCAN_FILES_MAX 256              /* files read                  */
#define SCAN_INCLUDES_MAX 8             /* files in one another        */
#define SCAN_DEPTH_MAX TOKEN_LIMITS_DEPTH_MAX

struct scan_line {
	const char *file;
	unsigned line;
};

/* One that is open. */
struct scan_bracket {
	char opener;
	struct scan_line at;
};

struct scan_open; /* scan.c */

struct scan {
	char *text; /* of len bytes and a NUL, for config_read_string() */
	size_t len;
	struct scan_line *lines; /* where line n (from 1) of text comes from: lines[n - 1] */
	size_t lines_n, lines_cap;
	const char *folder; /* of the main file: what includes are relative to */
	char problem[512];  /* "file:line: …": why it was refused              */
	int failed;         /* -errno if the file itself could not be opened   */
	struct scan_bracket brackets[SCAN_DEPTH_MAX];
	unsigned depth, files_n;
	struct token_limits limits;
	size_t comma_at;              /* 1 + where in text the last token is a comma, else 0 */
	const struct scan_open *open; /* the file under way and those that include it        */
};

/* Reads `file` and all it includes. 0, or -EINVAL with `problem`. */
int scan_read(struct scan *s, const char *file) must_check;

/* The file and line that a line of the text comes from; the last line for one behind the end. */
struct scan_line scan_where(const struct scan *s, unsigned line);

/* Fills in `problem`; line 0: the file as a whole. Returns -EINVAL, so that a caller can return what it returns. */
int scan_refuse(struct scan *s, const struct scan_line *at, const char *fmt, ...) printf_like(3, 4) must_check;
