/* SPDX-License-Identifier: MIT */
/*
 * The text that one program hands to the next at an upgrade: structures as lines, and back.
 *
 *     state  = "echotimed-state " version LF *line "end" LF
 *     line   = kind *( SP name "=" value ) LF                    the names of a kind stand in one order, none is left out
 *     value  = number | descriptor | text | bytes
 *     number = 1*DIGIT                                           descriptor = "-1" | 1*DIGIT
 *     text   = *( "%" HEX HEX | any other octet from ! to ~ )    bytes = *( HEX HEX )
 *
 * A descriptor in it is open in the program that reads it. Nothing that is read is trusted to be whole or true.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/attr.h"

#ifndef HANDOVER_TEXT_VERSION   /* tests build another one */
#define HANDOVER_TEXT_VERSION 2 /* of the lines' kinds and names, and of what they mean */
#endif
#define HANDOVER_TEXT_BYTES_MAX ((size_t)16 << 20)

enum handover_text_kind { HANDOVER_TEXT_NUMBER, HANDOVER_TEXT_FD, HANDOVER_TEXT_TEXT, HANDOVER_TEXT_BYTES };

/* One member of a structure. */
struct handover_text_field {
	const char *name;
	enum handover_text_kind kind;
	size_t at, bytes; /* numbers: of 1, 2, 4 or 8 bytes, unsigned; text: with room for its NUL */
};
#define HANDOVER_TEXT_FIELD(type, member, kind)                                                                             \
	{                                                                                                                   \
#member, HANDOVER_TEXT_##kind, offsetof(struct type, member), sizeof(((struct type *)0)->member)            \
	}

struct handover_text_writer {
	FILE *to;
	int *fds; /* all descriptors that were written; the heap's */
	size_t fds_n, fds_cap;
	bool failed;
};

void handover_text_begin(struct handover_text_writer *w);
void handover_text_write(struct handover_text_writer *w, const char *kind, const struct handover_text_field *fields,
			 size_t n, const void *from);
/* 0, or -ENOMEM, -EIO: not all was written. */
int handover_text_end(struct handover_text_writer *w) must_check;

struct handover_text_reader {
	char *at; /* the rest */
};

/* text: with a NUL behind it; it is taken apart. 0; -EPROTO: of another version, *ret_version says which; -EINVAL: it is not
 * whole, or nothing of ours. */
int handover_text_open(struct handover_text_reader *r, char *text, unsigned *ret_version) must_check;

/* The next line's kind, and the rest of the line, for handover_text_read(). NULL: there is no more. */
const char *handover_text_next(struct handover_text_reader *r, char **ret_rest);

/* Fills the members from a line. 0, -EINVAL or -ERANGE. */
int handover_text_read(char *rest, const struct handover_text_field *fields, size_t n, void *to) must_check;
