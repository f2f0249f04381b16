/* SPDX-License-Identifier: MIT */
/*
 * Text built in storage of a fixed size, and text taken apart.
 *
 * A builder never writes past its storage: what does not fit is left out and `cut` is set, so that a caller checks once at
 * the end. The storage always holds a terminating NUL.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct text {
	char *at;   /* the storage; the caller's               */
	size_t cap; /* its size in bytes, 1 or more            */
	size_t len; /* bytes written, without the NUL          */
	bool cut;   /* something did not fit and was left out  */
};

/* A builder over an array of char. */
#define TEXT_OVER(array) ((struct text){ .at = ((array)[0] = '\0', (array)), .cap = sizeof(array) })

/* Each appends all of its text, or nothing and sets `cut`. */
void text_add(struct text *t, const char *s);
void text_add_bytes(struct text *t, const char *s, size_t n);
void text_addf(struct text *t, const char *fmt, ...) printf_like(2, 3);
void text_vaddf(struct text *t, const char *fmt, va_list args) printf_like(2, 0);

/* Appends s between quotation marks, escaped as a JSON string: no control byte, DEL or byte over 0x7E goes out as it is
 * (an invalid UTF-8 byte becomes \u00XX). Used for logs too: what comes from a peer cannot start a new line. */
void text_add_quoted(struct text *t, const char *s, size_t n);

/* Appends s with the same escapes but no quotation marks, and those and backslashes as they are: a sentence for people. */
void text_add_printable(struct text *t, const char *s, size_t n);

/* A letter's small one; any other byte as it is. ASCII only, whatever the locale, here and below. */
char text_lower(char c);

/* Whether a and b are the same but for case. */
bool text_same_ignoring_case(const char *a, const char *b);

/* The number of single edits (insert, delete, replace, swap neighbours) between a and b, at most `most` + 1.
 * For "did you mean": `most` is 3 or so (8 at most), the time grows as 4^most. */
unsigned text_distance(const char *a, const char *b, unsigned most);

/* For "did you mean": of two names the nearer one to `key`: `best` (may be NULL), or `name` if it is near enough and
 * nearer. */
const char *text_nearer(const char *key, const char *best, const char *name);

/* Copies s into to[cap], cut where it must be, always with a NUL. 0, or -ENAMETOOLONG if it was cut. */
int text_copy(char *to, size_t cap, const char *s) must_check;
