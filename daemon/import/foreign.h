/* SPDX-License-Identifier: MIT */
/*
 * The configuration of another super-server, as its file says it: entries of attributes, in xinetd's words.
 *
 * inetd.conf(5) has a line a service; its reader (inetd_conf.h) puts each column under the name that xinetd has for it, so
 * that one table of equivalents serves both (convert.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

/* One line of an entry. All texts are the attribute's own. */
struct foreign_attribute {
	char *name;
	char op;     /* '=', '+' for "+=", '-' for "-="               */
	char *words; /* with one blank between two; "" where there is none */
	char *place; /* "file:line"                                   */
};

struct foreign_entry {
	char *service; /* NULL: xinetd's `defaults` */
	char *place;
	struct foreign_attribute *attributes;
	size_t attributes_n;
};

struct foreign {
	struct foreign_entry defaults; /* none: without attributes, its place is NULL */
	struct foreign_entry *entries;
	size_t entries_n;
	const char *daytime; /* the `format` that is the program's own daytime */
	char problem[512];   /* "file:line: what"; "" without one */
};

/* A new entry at the end. The texts are copied. NULL: out of memory; the problem says so. */
struct foreign_entry *foreign_add(struct foreign *f, const char *service, const char *place);

/* One more attribute. words: any blanks between them. 0, or -ENOMEM and the problem says so. */
int foreign_add_attribute(struct foreign *f, struct foreign_entry *e, const struct foreign_attribute *like) must_check;

/* The last attribute of the name; NULL: there is none. */
const struct foreign_attribute *foreign_find(const struct foreign_entry *e, const char *name);

/* True: `word` is one of the words of the attributes of that name, those that "-=" takes away not counted. */
bool foreign_has_word(const struct foreign_entry *e, const char *name, const char *word);

/* The words of an attribute that "+=" and "-=" change, those of `defaults` below the entry's own, as xinetd counts them.
 * To be freed; NULL: the entry says nothing of it, or out of memory. */
char *foreign_words(const struct foreign *f, const struct foreign_entry *e, const char *name);

/* Sets the problem. -EINVAL. */
int foreign_refuse(struct foreign *f, const char *place, const char *fmt, ...) printf_like(3, 4);

void foreign_free(struct foreign *f);

/* Calls `take` for each word of a text with blanks between words; stops where it returns below 0, and returns that. */
typedef int foreign_word_fn(void *context, const char *word);
int foreign_each_word(const char *words, foreign_word_fn *take, void *context);
