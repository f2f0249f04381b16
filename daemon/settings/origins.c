/* SPDX-License-Identifier: MIT */
/* The places where the values of the settings were written. */
#include "settings/origins.h"

#include "base/text.h"
#include "settings/schema.h"

static struct origin *in(struct origin *origins, enum scope scope, const char *key)
{
	return &origins[schema_find(scope, key) - schema_all];
}

struct origin *origins_top(const struct settings *s, const char *key)
{
	return in(s->own->top, SCOPE_TOP, key);
}

struct origin *origins_pool(const struct settings *s, size_t pool, const char *key)
{
	return in(s->own->pools[pool], SCOPE_POOL, key);
}

struct origin *origins_listener(const struct settings *s, const struct listener_settings *l, const char *key)
{
	return in(s->own->listeners[l - s->listeners].origins, SCOPE_LISTENER, key);
}

bool origins_is_said(const struct settings *s, const struct listener_settings *l, const char *key)
{
	return origins_listener(s, l, key)->file;
}

/* A value from `defaults` is for the listeners that can use it. */
bool origins_is_said_itself(const struct settings *s, const struct listener_settings *l, const char *key)
{
	return origins_is_said(s, l, key) && !origins_listener(s, l, key)->inherited;
}

bool origins_has_model(const struct settings *s, size_t pool)
{
	return pool < POOL_MODELS_N || origins_pool(s, pool, "model")->file;
}

/* The place of the value where one was written, else of the listener: an editor should land where the change is due. */
struct where origins_where(const struct settings *s, const struct listener_settings *l, const char *key)
{
	size_t i = (size_t)(l - s->listeners);
	struct where w = { .at = s->own->listeners[i].at };
	struct text path = TEXT_OVER(w.path);

	if (key[0] != '\0' && origins_is_said(s, l, key))
		w.at = *origins_listener(s, l, key);
	if (w.at.inherited)
		text_addf(&path, "defaults.%s", key);
	else
		text_addf(&path, "listeners.[%zu]%s%s", i, key[0] != '\0' ? "." : "", key);
	return w;
}
