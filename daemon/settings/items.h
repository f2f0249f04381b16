/* SPDX-License-Identifier: MIT */
/*
 * The flat list: what the settings reader found, on its way through a pipe.
 *
 * Flow: the reader (reader.c) fills a list from libconfig's tree (flatten.c), puts the -o options over it and adds what
 * the settings name (gather.c), writes it (items_write), and the parent takes it apart (items_parse). The parent trusts
 * no length in it. An array's elements follow their array, each as `PATH.[n]`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attr.h"

enum item_kind {
	/* settings, by libconfig's types; the value of the first three is empty */
	ITEM_GROUP,
	ITEM_ARRAY,
	ITEM_LIST,
	ITEM_INTEGER,
	ITEM_FLOAT,
	ITEM_STRING,
	ITEM_BOOL,
	ITEM_OPTION, /* from -o or a variable: a text that takes the type of its setting; commas part an array's elements */
	/* what settings name; path is the name, number 0 or the -errno that reading it gave */
	ITEM_ZONE,   /* value: struct zone_span[]                       */
	ITEM_QUOTES, /* value: the file's bytes                         */
	ITEM_TABLE,  /* value: the file's bytes; line unused            */
	ITEM_KEY,    /* value: the file's bytes; number: -EPERM if others may read it */
	ITEM_PORT,   /* number: the port of a name, or -ENOENT          */
	/* the outcome */
	ITEM_ERROR, /* value: a whole message; number: -errno if the file itself could not be opened */
	ITEM_END,   /* last: the list is whole                         */
	ITEM_KINDS
};

struct item {
	enum item_kind kind;
	unsigned line;     /* 0 for an option                                */
	const char *path;  /* "listeners.[0].port"                           */
	const char *file;  /* as opened; "-o" or a variable's name            */
	const char *value; /* value_n bytes and a NUL                        */
	size_t value_n;
	int64_t number;       /* see enum item_kind: -errno, 0, or a port       */
	int64_t mtime_unix_s; /* ITEM_TABLE                                     */
};

struct items {
	struct item *list;
	size_t n, cap;
};

#define ITEM_PATH_MAX 1024 /* bytes of a path, with its NUL */

/* Appends; the texts are borrowed. 0 or -ENOMEM. */
int items_add(struct items *list, const struct item *item) must_check;
void items_done(struct items *list);

/* The item of a path among the settings; NULL if there is none. */
struct item *items_find(const struct items *list, const char *path);
/* The item of that kind and name among what settings name; NULL if there is none. */
const struct item *items_find_named(const struct items *list, enum item_kind kind, const char *name);

/* Whether item's path is `path` and more: a member or an element of it, at any depth. */
bool items_is_below(const struct item *item, const char *path);

/* "an integer", "a group", … for messages. */
const char *items_kind_name(enum item_kind kind);

/* Writes one item. With value NULL only what comes before the value: value_n bytes and a NUL must follow. Errors stay
 * in the FILE. */
void items_write(FILE *to, const struct item *item);

/* Takes written bytes apart; the items point into them. 0, -ENOMEM, -EBADMSG if it is not a whole list (no ITEM_END). */
int items_parse(const char *bytes, size_t n, struct items *ret) must_check;
