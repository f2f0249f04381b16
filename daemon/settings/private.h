/* SPDX-License-Identifier: MIT */
/* What settings/ shares among its own files: where each value came from, and the storage behind struct settings. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "settings/flat.h"
#include "settings/settings.h"

/* How many rows settings.def has. */
#define SETTING(...) +1
enum {
	ROWS_N = 0
#include "settings/settings.def"
};
#undef SETTING

/* Which structure a row's field is in. */
enum row_scope { SCOPE_TOP, SCOPE_POOL, SCOPE_LISTENER, SCOPE_EXTRA };

/* Where a value was written. */
struct origin {
	const char *file; /* NULL: nowhere, it is the default; "-o" */
	unsigned line;    /* 0 for -o                               */
	bool inherited;   /* a listener's, from `defaults`          */
};

/* What is kept of a listener beside struct listener_settings. */
struct listener_own {
	char pool[SETTINGS_NAME_MAX]; /* as written; unless said, the one that serves it */
	uint16_t port;                /* without port_offset */
	const char *table_file, *quotes_file;
	struct origin at; /* where the listener begins */
	struct origin origins[ROWS_N];
};

/* A zone, quotes or a host table, read once however many listeners name it. */
struct loaded {
	const char *name;
	struct zone *zone;
	struct quotes *quotes;
	struct hosttable *table;
};

struct settings_private {
	unsigned shared_n; /* how many have it, beside the first */
	void **kept;       /* to be given to free() */
	size_t kept_n, kept_cap;
	struct loaded *loaded;
	size_t loaded_n, loaded_cap;
	struct listener_own *listeners; /* as many as settings->listeners */
	struct origin top[ROWS_N];
	struct origin pools[SETTINGS_POOLS_MAX][ROWS_N];
};

/* Settings being made. */
struct draft {
	const char *file; /* as given by -c */
	struct settings *settings;
	const struct flat *flat;
	struct settings_report *report;
	bool no_memory;
};

/* Storage that lives as long as the settings. NULL (with draft->no_memory) when there is none. */
void *private_keep(struct draft *d, void *allocated);
const char *private_text(struct draft *d, const char *s);

/* The place of a listener's key in a message: "listeners.[2].port", or "defaults.port" if it came from there. */
struct where {
	struct origin at;
	char path[FLAT_PATH_MAX];
};
struct where private_where(const struct settings *s, const struct listener_settings *l, const char *key);

/* Whether the file, or -o, has a listener's key at all. One that is there, but wrong, has been reported and is not
 * missing. */
bool private_is_written(const struct draft *d, const struct listener_settings *l, const char *key);

/* Whether a pool is of a known model: built in, or said. All else about one that is not is a consequence. */
bool private_pool_has_model(const struct settings *s, size_t pool);

/* A spare is in nobody's file: an issue at it is no error, but makes it unfit. */
bool private_is_spare(const struct settings *s, const struct listener_settings *l);

/* Adds an issue: "file:line: path: …", or "-o path: …". path "" is left out. */
void private_issue(struct draft *d, const struct origin *at, const char *path, const char *fmt, ...) printf_like(4, 5);
/* Adds an error that is a whole line already. */
void private_whole_issue(struct draft *d, const char *text);
/* An issue at a listener's key; key "": at the listener. */
void private_issue_at(struct draft *d, const struct listener_settings *l, const char *key, const char *fmt, ...)
	printf_like(4, 5);

void private_warning_at(struct draft *d, const struct listener_settings *l, const char *key, const char *fmt, ...)
	printf_like(4, 5);

/* Why a key means nothing to a listener of these transports ("is for …"); NULL if it does. */
const char *private_misfit(const struct listener_settings *l, const char *key);
