/* SPDX-License-Identifier: MIT */
/*
 * What a setting can be: how its text is read, shown and explained. A line of settings.def names one of these.
 *
 * Most kinds are numbers in the end (a duration, a size, a word of a list); those have `number` and `show`. The others
 * have `take` and `print`.
 */
#pragma once

#include <stdio.h>

#include "base/attr.h"
#include "base/text.h"
#include "settings/draft.h"

struct kind;

/* The structure that the field of a setting is in. */
enum scope { SCOPE_TOP, SCOPE_POOL, SCOPE_LISTENER, SCOPE_EXTRA };

/* One line of settings.def. */
struct setting {
	enum scope scope;
	const char *key; /* "log.level" */
	const struct kind *kind;
	size_t offset, size;  /* of the field in its scope's structure */
	const char *standard; /* the default as text; NULL: none, or it depends */
	uint64_t min, max;
	const char *words;
	const char *only;
	const char *help;
};

/* A value on its way into its field. */
struct given {
	struct draft *draft;
	const struct setting *setting;
	void *object;             /* the structure of the setting's scope                              */
	const char *const *texts; /* one; an array's elements (0 or more) where the kind takes many */
	size_t n;
	struct text *why; /* stays empty if `wanted` says it all                           */
};

struct kind {
	const char *wanted; /* "a duration (…)": what is allowed, for messages */
	unsigned accepts;   /* a set of enum item_kind bits                    */
	bool many;          /* takes arrays, and commas in -o                  */
	/* 0, -EINVAL or -ERANGE */
	int (*number)(const struct setting *setting, const char *text, uint64_t *ret);
	void (*show)(struct text *t, const struct setting *setting, uint64_t v);
	/* Instead: fills the field; 0, -EINVAL, -ERANGE or -ENOMEM. */
	int (*take)(const struct given *g);
	/* Writes the field as the file has it. False, and nothing written, where there is no value. */
	bool (*print)(FILE *to, const struct setting *setting, const void *object);
};

extern const struct kind kinds_INTEGER, kinds_INTEGER8, kinds_INTEGER64, kinds_DURATION, kinds_SIZE, kinds_SIZE32,
	kinds_RATE, kinds_PERCENT, kinds_IMPAIR_BY, kinds_MODE, kinds_BOOL, kinds_DSCP, kinds_LOG_LEVEL, kinds_LOG_FORMAT,
	kinds_ACTIVATION, kinds_MODEL, kinds_PROXY, kinds_STAMP_MODE, kinds_STAMP_SESSIONS, kinds_STAMP_FORM,
	kinds_STAMP_TIMESCALE;
extern const struct kind kinds_NAME, kinds_USER, kinds_HOST, kinds_PATH, kinds_INTERFACE, kinds_ZONE, kinds_TEXT,
	kinds_FORMAT, kinds_CONTROL, kinds_SERVICE, kinds_TRANSPORTS, kinds_ADDRESS, kinds_ADDRESSES, kinds_PORT,
	kinds_ALLOW, kinds_DENY, kinds_PROXY_FROM, kinds_NAMES;
extern const struct kind kinds_LIMIT, kinds_LIMIT_BYTES, kinds_FACTOR, kinds_PORTS, kinds_HOURS, kinds_SSIDS;

/* Reads a value into its field, by its kind, within the setting's bounds. 0, or a failure with g->why filled in. */
int kinds_take(const struct given *g) must_check;

/* Adds a field that is a number in the end (`show`), as a file has it. */
void kinds_show(struct text *t, const struct setting *setting, const void *object);

/* Writes a field as a file has it; false if it has no value. */
bool kinds_print(FILE *to, const struct setting *setting, const void *object);

/* A string as libconfig reads it back. */
void kinds_print_string(FILE *to, const char *s);
