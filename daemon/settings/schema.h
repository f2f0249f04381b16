/* SPDX-License-Identifier: MIT */
/* settings.def as data: a structure for each setting, and how to find it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/text.h"
#include "settings/kinds.h"

extern const struct setting schema_all[KEYS_N];

/* The setting of a key; NULL if there is none. SCOPE_LISTENER finds SCOPE_EXTRA's too. */
const struct setting *schema_find(enum scope scope, const char *key);

/* The key of that scope that `key` was probably meant to be; NULL if none is near. */
const char *schema_suggest(enum scope scope, const char *key);

/* The scope to which a key belongs that this one does not have, for a message; false if it is no key at all. */
bool schema_belongs(enum scope scope, const char *key, struct text *to);

/* Whether a service, or a model, of that name has the setting's key. */
bool schema_has(const struct setting *setting, const char *name);

/* The setting that a key is to a service: its own, where it has one of that name (mode, of stamp), else `setting`. */
const struct setting *schema_meant(const struct setting *setting, const char *service);

/* The reason why a key means nothing to a listener of these transports ("is for …"); NULL if it does. */
const char *schema_misfit(const struct listener_settings *l, const char *key);

/* The group that is open while settings are printed: those with a full stop in their key stand one after the other. */
struct schema_group {
	char name[32]; /* "": none is open */
	bool closes;   /* the one of before ends before this setting */
	bool opens;    /* `name` begins with this setting            */
};

/* Goes on to the setting of a key; NULL: to the end. Its name in its group. */
const char *schema_enter_group(struct schema_group *g, const char *key);
