/* SPDX-License-Identifier: MIT */
/*
 * The flat list: what the settings reader found, on its way through a pipe.
 *
 * Flow: the reader (reader.c) fills a list from libconfig's tree (flatten.c), puts the -o options over it and adds what
 * the settings name (gather.c), writes it (flat_write), and the parent takes it apart (flat_parse). The parent trusts
 * no length in it. An array's elements follow their array, each as `PATH.[n]`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attr.h"

enum flat_kind {
	/* settings, by libconfig's types; the value of the first three is empty */
	FLAT_GROUP,
	FLAT_ARRAY,
	FLAT_LIST,
	FLAT_INTEGER,
	FLAT_FLOAT,
	FLAT_STRING,
	FLAT_BOOL,
	FLAT_OPTION, /* from -o: a text that takes the type of its row; commas part an array's elements */
	/* what settings name; path is the name, number 0 or the -errno that reading it gave */
	FLAT_ZONE,   /* value: struct zone_span[]                       */
	FLAT_QUOTES, /* value: the file's bytes                         */
	FLAT_TABLE,  /* value: the file's bytes; line unused            */
	FLAT_PORT,   /* number: the port of a name, or -ENOENT          */
	/* the outcome */
	FLAT_ERROR, /* value: a whole message; number: -errno if the file itself could not be opened */
	FLAT_END,   /* last: the list is whole                         */
	FLAT_KINDS
};

struct flat_item {
	enum flat_kind kind;
	unsigned line;     /* 0 for -o                                       */
	const char *path;  /* "listeners.[0].port"                           */
	const char *file;  /* as opened; "-o" for an option                  */
	const char *value; /* value_n bytes and a NUL                        */
	size_t value_n;
	int64_t number;       /* see enum flat_kind: -errno, 0, or a port       */
	int64_t mtime_unix_s; /* FLAT_TABLE                                     */
};

struct flat {
	struct flat_item *items;
	size_t n, cap;
};

#define FLAT_PATH_MAX 1024 /* bytes of a path, with its NUL */

/* Appends; the texts are borrowed. 0 or -ENOMEM. */
int flat_add(struct flat *f, const struct flat_item *item) must_check;
void flat_done(struct flat *f);

/* The item of a path among the settings; NULL if there is none. */
struct flat_item *flat_find(const struct flat *f, const char *path);
/* The item of that kind and name among what settings name; NULL if there is none. */
const struct flat_item *flat_find_named(const struct flat *f, enum flat_kind kind, const char *name);

/* Whether item's path is `path` and more: a member or an element of it, at any depth. */
bool flat_is_below(const struct flat_item *item, const char *path);

/* "an integer", "a group", … for messages. */
const char *flat_kind_name(enum flat_kind kind);

/* Writes one item. With value NULL only what comes before the value: value_n bytes and a NUL must follow. Errors stay
 * in the FILE. */
void flat_write(FILE *to, const struct flat_item *item);

/* Takes written bytes apart; the items point into them. 0, -ENOMEM, -EBADMSG if it is not a whole list (no FLAT_END). */
int flat_parse(const char *bytes, size_t n, struct flat *ret) must_check;
