/* SPDX-License-Identifier: MIT */
/*
 * What one program hands to the next at an upgrade, as text: structures as lines, and back.
 *
 *     state  = "echotimed-state " version LF *line "end" LF
 *     line   = kind *( SP name "=" value ) LF                    the names of a kind stand in one order, none is left out
 *     value  = number | descriptor | text | bytes
 *     number = 1*DIGIT                                           descriptor = "-1" | 1*DIGIT
 *     text   = *( "%" HEX HEX | any other octet from ! to ~ )    bytes = *( HEX HEX )
 *
 * A descriptor is meant: it is open in whoever reads it. Nothing that is read is trusted to be whole or true.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/attr.h"

#ifndef STATE_VERSION   /* tests build another one */
#define STATE_VERSION 1 /* of the lines' kinds and names, and of what they mean */
#endif
#define STATE_BYTES_MAX ((size_t)16 << 20)

enum state_kind { STATE_NUMBER, STATE_FD, STATE_TEXT, STATE_BYTES };

/* One member of a structure. */
struct state_field {
	const char *name;
	enum state_kind kind;
	size_t at, bytes; /* numbers: of 1, 2, 4 or 8 bytes, unsigned; text: with room for its NUL */
};
#define STATE_FIELD(type, member, kind)                                                                                     \
	{                                                                                                                   \
#member, STATE_##kind, offsetof(struct type, member), sizeof(((struct type *)0)->member)                    \
	}

struct state_writer {
	FILE *to;
	int *fds; /* all descriptors that were written; the heap's */
	size_t fds_n, fds_cap;
	bool failed;
};

void state_begin(struct state_writer *w);
void state_write(struct state_writer *w, const char *kind, const struct state_field *fields, size_t n, const void *from);
/* 0, or -ENOMEM, -EIO: not all was written. */
int state_end(struct state_writer *w) must_check;

struct state_reader {
	char *at; /* the rest */
};

/* text: with a NUL behind it; it is taken apart. 0; -EPROTO: of another version, *ret_version says which; -EINVAL: it is not
 * whole, or nothing of ours. */
int state_open(struct state_reader *r, char *text, unsigned *ret_version) must_check;

/* The next line's kind, and the rest of the line, for state_read(). NULL: there is no more. */
const char *state_next(struct state_reader *r, char **ret_rest);

/* Fills the members from a line. 0 or -EINVAL. */
int state_read(char *rest, const struct state_field *fields, size_t n, void *to) must_check;
