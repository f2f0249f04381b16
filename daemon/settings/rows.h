/* SPDX-License-Identifier: MIT */
/* settings.def as data: one row a setting, and how to find it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/text.h"
#include "settings/private.h"

struct kind;

struct row {
	enum row_scope scope;
	const char *key;         /* "log.level" */
	const struct kind *kind; /* kinds.h     */
	size_t offset, size;     /* of the field in its scope's structure */
	const char *standard;    /* the default as text; NULL: none, or it depends */
	uint64_t min, max;
	const char *words;
	const char *only;
	const char *help;
};

extern const struct row rows_all[ROWS_N];

/* The row of a key; NULL if there is none. SCOPE_LISTENER finds SCOPE_EXTRA's rows too. */
const struct row *rows_find(enum row_scope scope, const char *key);

/* The key of that scope that `key` was probably meant to be; NULL if none is near. */
const char *rows_suggest(enum row_scope scope, const char *key);

/* Where a key belongs that its scope does not have, for a message; false if it is no key at all. */
bool rows_belongs(enum row_scope scope, const char *key, struct text *to);

/* The nearer of two names to `key`: `best` (may be NULL), or `name` if that is near enough and nearer. */
const char *rows_nearer(const char *key, const char *best, const char *name);

/* Whether a service, or a model, of that name has the row's key. */
bool rows_has(const struct row *row, const char *name);
