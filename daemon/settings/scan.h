/* SPDX-License-Identifier: MIT */
/*
 * The source text of the settings, made safe for libconfig: all files in one text, and what libconfig would do wrong
 * refused before.
 *
 * libconfig 1.5 ends the process where an @include names a folder, waits for ever on a FIFO, takes 4294967298 for 2,
 * and needs time that grows with the square of a group's size. So its includes are put in place here, integers beyond
 * 32 bits get the suffix that keeps them whole, and sizes, depths and doubled keys are checked with file and line.
 * Process: the settings reader only; memory is not given back, the process ends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define SCAN_TEXT_MAX ((size_t)1 << 20) /* bytes of all files together               */
#define SCAN_SETTINGS_MAX 8192          /* NAME = VALUE                              */
#define SCAN_GROUP_MAX 256              /* of one group: libconfig's time grows with the square */
#define SCAN_ELEMENTS_MAX 65536         /* of all arrays and lists together          */
#define SCAN_DEPTH_MAX 16               /* groups, lists and arrays in one another   */
#define SCAN_FILES_MAX 256              /* files read                                */
#define SCAN_INCLUDES_MAX 8             /* files in one another                      */
#define SCAN_NAME_MAX 64                /* of a setting, with its NUL                */

struct scan_line {
	const char *file;
	unsigned line;
};

/* An open group, list or array. */
struct scan_frame {
	char kind;                /* '{', '(' or '['                               */
	uint32_t id;              /* of a group: no other has it                   */
	uint32_t index;           /* of the element under way                      */
	uint32_t settings_n;      /* of a group */
	struct scan_line at;      /* where it was opened                           */
	char name[SCAN_NAME_MAX]; /* what it is the value of; "" in a list         */
};

struct scan_key;  /* tokens.c */
struct scan_open; /* scan.c   */

struct scan {
	char *text; /* of len bytes and a NUL, for config_read_string() */
	size_t len;
	struct scan_line *lines; /* where line n (from 1) of text comes from: lines[n - 1] */
	size_t lines_n, lines_cap;
	const char *folder; /* of the main file: what includes are relative to */
	char problem[512];  /* "file:line: …": why it was refused              */
	int failed;         /* -errno if the file itself could not be opened */

	struct scan_frame frames[SCAN_DEPTH_MAX + 1]; /* [0] is the outermost group */
	unsigned depth;
	uint32_t groups_n, settings_n, elements_n, files_n;
	char name[SCAN_NAME_MAX]; /* the name before an = or : */
	bool named;
	size_t comma_at;              /* 1 + where in text the last token is a comma, else 0 */
	struct scan_key *keys;        /* hash of (group, name)                               */
	const struct scan_open *open; /* the file under way and those that include it    */
};

/* Reads `file` and all it includes. 0, or -EINVAL with `problem`. */
int scan_read(struct scan *s, const char *file) must_check;

/* Where a line of the text comes from; the last line for one behind the end. */
struct scan_line scan_where(const struct scan *s, unsigned line);

/* For the parts of the scanner. Both return a failure, so that a caller can return what they return. */
int scan_include(struct scan *s, const char *name, const struct scan_line *from) must_check; /* puts a file's text here */
int scan_refuse(struct scan *s, const struct scan_line *at, const char *fmt, ...) printf_like(3, 4) must_check;
int scan_put(struct scan *s, const char *bytes, size_t n,
	     const struct scan_line *from) must_check; /* appends; `from`: where they stand */
