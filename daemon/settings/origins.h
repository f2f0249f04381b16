/* SPDX-License-Identifier: MIT */
/* The places where the settings' values were written: for messages, for -T, and to tell what was said from a default. */
#pragma once

#include "settings/draft.h"

/* Of a key of the top level, of a pool, of a listener. The key must be one of the schema. */
struct origin *origins_top(const struct settings *s, const char *key);
struct origin *origins_pool(const struct settings *s, size_t pool, const char *key);
struct origin *origins_listener(const struct settings *s, const struct listener_settings *l, const char *key);

/* Whether a listener's key has a value that was said, and was good; by the listener itself, not by `defaults`. */
bool origins_is_said(const struct settings *s, const struct listener_settings *l, const char *key);
bool origins_is_said_itself(const struct settings *s, const struct listener_settings *l, const char *key);

/* Whether a pool is of a known model: built in, or said. All else about one that is not is a consequence. */
bool origins_has_model(const struct settings *s, size_t pool);

/* The place of a listener's key in a message: "listeners.[2].port", or "defaults.port" if it came from there. */
struct where {
	struct origin at;
	char path[ITEM_PATH_MAX];
};
struct where origins_where(const struct settings *s, const struct listener_settings *l, const char *key);
