/* SPDX-License-Identifier: MIT */
/* Settings being made: what has been read, what becomes of it, and the storage that lives as long as the settings. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings/items.h"
#include "settings/types.h"

/* The number of keys in settings.def. */
#define SETTING(...) +1
enum {
	KEYS_N = 0
#include "settings/settings.def"
};
#undef SETTING

/* The place where a value was written. */
struct origin {
	const char *file; /* NULL: nowhere, it is the default; "-o", or a variable's name */
	unsigned line;    /* 0 for those                            */
	bool inherited;   /* a listener's, from `defaults`          */
};

/* Data of a listener beside struct listener_settings. */
struct listener_own {
	char pool[SETTINGS_NAME_MAX]; /* as written; unless said, the one that serves it */
	uint16_t port;                /* without port_offset */
	const char *table_file, *quotes_file, *key_file;
	struct origin at;              /* where the listener begins */
	struct origin origins[KEYS_N]; /* by the key's index in schema_all */
};

/* A zone, quotes or a host table, read once however many listeners name it. */
struct loaded {
	const char *name;
	struct zone *zone;
	struct quotes *quotes;
	struct hosttable *table;
	struct stamp_hmac *key;
};

/* Data that settings own beside what their users see. */
struct settings_own {
	unsigned shared_n; /* holders beside the first  */
	void **kept;       /* to be given to free()     */
	size_t kept_n, kept_cap;
	struct loaded *loaded;
	size_t loaded_n;
	struct listener_own *listeners; /* as many as settings->listeners */
	struct origin top[KEYS_N];
	struct origin pools[SETTINGS_POOLS_MAX][KEYS_N];
};

struct draft {
	const char *file; /* as given by -c */
	struct settings *settings;
	const struct items *items;
	struct settings_report *report;
	bool no_memory;
};

/* Storage that lives as long as the settings. NULL (with draft->no_memory) when there is none. */
void *draft_keep(struct draft *d, void *allocated);
const char *draft_text(struct draft *d, const char *s);

/* Whether the file, or -o, has a listener's key at all. One that is there, but wrong, has been reported and is not
 * missing. */
bool draft_is_written(const struct draft *d, const struct listener_settings *l, const char *key);

/* A spare is in nobody's file: an issue at it is no error, but makes it unfit. */
bool draft_is_spare(const struct settings *s, const struct listener_settings *l);
