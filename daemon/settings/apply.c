/* SPDX-License-Identifier: MIT */
/*
 * From the flat list to the fields: each value by its line of settings.def, its default first.
 *
 * Flow: defaults of all settings; then the items of the list in four walks: what decides which keys there are (`service`,
 * `model`) before the rest, and in each of these `defaults` before what a listener says itself.
 */
#include "settings/apply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "settings/assign.h"
#include "settings/issues.h"
#include "settings/origins.h"
#include "settings/schema.h"

/* The setting that a path names. */
static const char *const groups[] = { "log", "control", "metrics", "resolver", "limits", "pools", "defaults" };
static const char group_of_listeners[] = "impair";

enum target_kind { TARGET_NOTHING, TARGET_GROUP, TARGET_LIST, TARGET_TOP, TARGET_POOL, TARGET_DEFAULTS, TARGET_LISTENER };
struct target {
	enum target_kind kind;
	size_t index;    /* of the pool or the listener */
	const char *key; /* within its scope            */
};

static bool has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* "pools.NAME" and "pools.NAME.key": the pool must have been made. */
static struct target target_pool(const struct settings *s, const char *path)
{
	const char *name = path + strlen("pools.");
	size_t n = strcspn(name, ".");

	for (size_t i = 0; i < s->pools_n; i++)
		if (strlen(s->pools[i].name) == n && memcmp(s->pools[i].name, name, n) == 0) {
			if (name[n] == '\0')
				return (struct target){ .kind = TARGET_GROUP };
			return (struct target){ .kind = TARGET_POOL, .index = i, .key = name + n + 1 };
		}
	return (struct target){ .kind = TARGET_NOTHING, .key = path };
}

/* "listeners.[N]" and "listeners.[N].key". */
static struct target target_listener(const struct settings *s, const char *path)
{
	unsigned long i = strtoul(path + strlen("listeners.["), NULL, 10);
	char element[64];
	size_t n = (size_t)snprintf(element, sizeof(element), "listeners.[%lu]", i);

	if (i >= s->listeners_n || !has_prefix(path, element) || (path[n] != '\0' && path[n] != '.'))
		return (struct target){ .kind = TARGET_NOTHING, .key = path };
	if (path[n] == '\0' || strcmp(path + n + 1, group_of_listeners) == 0)
		return (struct target){ .kind = TARGET_GROUP };
	return (struct target){ .kind = TARGET_LISTENER, .index = i, .key = path + n + 1 };
}

/* A path that is none of the containers is a key of the top level, known or not. */
static struct target find_target(const struct settings *s, const char *path)
{
	for (size_t i = 0; i < array_n(groups); i++)
		if (strcmp(path, groups[i]) == 0)
			return (struct target){ .kind = TARGET_GROUP };
	if (strcmp(path, "listeners") == 0)
		return (struct target){ .kind = TARGET_LIST };
	if (has_prefix(path, "pools."))
		return target_pool(s, path);
	if (has_prefix(path, "listeners.["))
		return target_listener(s, path);
	if (has_prefix(path, "defaults.") && strcmp(path + strlen("defaults."), group_of_listeners) == 0)
		return (struct target){ .kind = TARGET_GROUP };
	if (has_prefix(path, "defaults."))
		return (struct target){ .kind = TARGET_DEFAULTS, .key = path + strlen("defaults.") };
	return (struct target){ .kind = TARGET_TOP, .key = path };
}

/* `defaults` has the keys of a listener. */
static enum scope scope_of(enum target_kind kind)
{
	return kind == TARGET_TOP ? SCOPE_TOP : kind == TARGET_POOL ? SCOPE_POOL : SCOPE_LISTENER;
}

/* The object that a listener's setting fills. */
static void *listener_object(const struct settings *s, size_t i, const struct setting *setting)
{
	return setting->scope == SCOPE_EXTRA ? (void *)&s->own->listeners[i] : (void *)&s->listeners[i];
}

/* The service is known by now: a key it does not have would be accepted without effect. */
static void set_listener(struct draft *d, const struct setting *setting, const struct item *item, const struct target *t)
{
	const struct service *service = d->settings->listeners[t->index].service;
	struct origin at = assign_origin(item);
	struct assign_place p = { .path = item->path };

	if (service)
		setting = schema_meant(setting, service->name);
	p.object = listener_object(d->settings, t->index, setting);
	p.origins = d->settings->own->listeners[t->index].origins;
	if (service && !schema_has(setting, service->name)) {
		issues_add(d, &at, item->path, "%s does not have this key (%s only)", service->name, setting->only);
		return;
	}
	assign_value(d, setting, item, &p);
}

/* A default: tried once by itself, so that it is reported once, then put into every listener that has the key. */
static void set_default(struct draft *d, const struct setting *setting, const struct item *item)
{
	cleanup_free struct listener_settings *scratch = calloc(1, sizeof(*scratch));
	cleanup_free struct listener_own *extra = calloc(1, sizeof(*extra));
	struct settings *s = d->settings;
	struct assign_place p = { .path = item->path, .inherited = true };
	int r = -ENOMEM;

	p.object = setting->scope == SCOPE_EXTRA ? (void *)extra : (void *)scratch;
	if (p.object)
		r = assign_value(d, setting, item, &p);
	d->no_memory = d->no_memory || r == -ENOMEM;
	for (size_t i = 0; r == 0 && i < s->listeners_n + s->spares_n; i++) {
		if (i >= s->listeners_n && strcmp(setting->key, "service") == 0)
			continue; /* a spare has its own */
		if (s->listeners[i].service && !schema_has(setting, s->listeners[i].service->name))
			continue;
		p.object = listener_object(s, i, setting);
		p.origins = s->own->listeners[i].origins;
		r = assign_value(d, setting, item, &p);
	}
}

/* Likewise with the model. The built-in pools keep theirs: "event" that forks would mislead whoever reads its name in a
 * log. */
static void set_pool(struct draft *d, const struct setting *setting, const struct item *item, const struct target *t)
{
	struct pool_settings *pool = &d->settings->pools[t->index];
	struct assign_place p = { .object = pool, .origins = d->settings->own->pools[t->index], .path = item->path };
	const struct setting *model = schema_find(SCOPE_POOL, "model");
	struct origin at = assign_origin(item);
	enum pool_model was = pool->model;

	if (origins_has_model(d->settings, t->index) && !schema_has(setting, pool_model_name(pool->model))) {
		issues_add(d, &at, item->path, "a pool of model %s does not have this key (%s only)",
			   pool_model_name(pool->model), setting->only);
		return;
	}
	if (assign_value(d, setting, item, &p) == 0 && setting == model && t->index < POOL_MODELS_N && pool->model != was) {
		issues_add(d, &at, item->path, "the built-in pool %s keeps its model (write a pool of another name)",
			   pool->name);
		pool->model = was;
	}
}

/* The name that an unknown path was probably meant to be. */
static const char *suggest(const struct target *t)
{
	const char *best = schema_suggest(scope_of(t->kind), t->key);

	if (scope_of(t->kind) == SCOPE_LISTENER)
		best = text_nearer(t->key, best, group_of_listeners);
	for (size_t i = 0; t->kind == TARGET_TOP && i < array_n(groups); i++)
		best = text_nearer(t->key, best, groups[i]);
	if (t->kind == TARGET_TOP)
		best = text_nearer(t->key, best, "listeners");
	return best;
}

/* The contents of an unknown group are not reported again: one slip, one error. */
static void refuse_unknown(struct draft *d, const struct item *item, const struct target *t)
{
	struct origin at = assign_origin(item);
	const char *near = t->kind == TARGET_NOTHING ? NULL : suggest(t);
	char storage[200];
	struct text home = TEXT_OVER(storage);

	if (t->kind == TARGET_NOTHING)
		issues_add(d, &at, item->path, "there is no such %s",
			   has_prefix(item->path, "pools.") ? "pool" : "listener");
	else if (schema_belongs(scope_of(t->kind), t->key, &home))
		issues_add(d, &at, item->path, "there is no such key here (it belongs %s)", home.at);
	else if (near)
		issues_add(d, &at, item->path, "there is no such key, did you mean \"%s\"?", near);
	else
		issues_add(d, &at, item->path, "there is no such key (echotimed.conf(5) has them all)");
}

/* A group or list where one must be. True if it is. */
static bool check_container(struct draft *d, const struct item *item, const struct target *t)
{
	bool is_list = item->kind == ITEM_LIST || item->kind == ITEM_ARRAY;
	bool good = t->kind == TARGET_LIST ? is_list : item->kind == ITEM_GROUP;
	struct origin at = assign_origin(item);

	if (!good)
		issues_add(d, &at, item->path, "is %s (%s)", items_kind_name(item->kind),
			   t->kind == TARGET_LIST ? "a list of groups is wanted: ( { service = \"echo\"; } )"
						  : "a group is wanted: { NAME = VALUE; }");
	return good;
}

/* One item. True if what is below it was handled with it, or makes no sense any more. */
static bool apply_item(struct draft *d, const struct item *item, bool early, bool defaults)
{
	struct target t = find_target(d->settings, item->path);
	const struct setting *setting;
	bool first_walk = early && defaults, last_walk = !early && !defaults, decides;

	if (t.kind == TARGET_GROUP || t.kind == TARGET_LIST)
		return first_walk ? !check_container(d, item, &t) : (t.kind == TARGET_GROUP) != (item->kind == ITEM_GROUP);
	setting = t.kind == TARGET_NOTHING ? NULL : schema_find(scope_of(t.kind), t.key);
	if (!setting) {
		if (last_walk)
			refuse_unknown(d, item, &t);
		return true;
	}
	decides = strcmp(setting->key, "service") == 0 || strcmp(setting->key, "model") == 0;
	if (decides != early || (t.kind == TARGET_DEFAULTS) != defaults)
		return true;
	if (t.kind == TARGET_TOP) {
		struct assign_place p = { .object = d->settings, .origins = d->settings->own->top, .path = item->path };

		assign_value(d, setting, item, &p);
	} else if (t.kind == TARGET_POOL) {
		set_pool(d, setting, item, &t);
	} else if (t.kind == TARGET_DEFAULTS) {
		set_default(d, setting, item);
	} else {
		set_listener(d, setting, item, &t);
	}
	return true;
}

/* `skip`: what was handled, or makes no sense, and all below it. An option has nothing below it. */
static void walk(struct draft *d, bool early, bool defaults)
{
	const char *skip = NULL;

	for (size_t i = 0; i < d->items->n; i++) {
		const struct item *item = &d->items->list[i];

		if (item->kind > ITEM_OPTION || (skip && items_is_below(item, skip)))
			continue;
		skip = apply_item(d, item, early, defaults) && item->kind != ITEM_OPTION ? item->path : NULL;
	}
}

/* Makes room for a pool of that name: defaults, no origin. */
static void add_pool(struct draft *d, const char *name, enum pool_model model)
{
	struct settings *s = d->settings;
	struct pool_settings *p = &s->pools[s->pools_n++];

	assign_standard(d, SCOPE_POOL, p);
	(void)snprintf(p->name, sizeof(p->name), "%s", name); /* its length has been checked */
	p->model = model;
}

/* "pools.NAME" or, from -o, "pools.NAME.key": the pools that the list speaks of. */
static void add_pools(struct draft *d)
{
	add_pool(d, "fork", POOL_FORK);
	add_pool(d, "prefork", POOL_PREFORK);
	add_pool(d, "event", POOL_EVENT);
	for (size_t i = 0; i < d->items->n; i++) {
		const struct item *item = &d->items->list[i];
		struct origin at = assign_origin(item);
		char name[SETTINGS_NAME_MAX];
		size_t n;

		if (item->kind > ITEM_OPTION || !has_prefix(item->path, "pools.") ||
		    target_pool(d->settings, item->path).kind != TARGET_NOTHING)
			continue;
		n = strcspn(item->path + strlen("pools."), ".");
		if (n == 0 || n >= sizeof(name) || d->settings->pools_n == SETTINGS_POOLS_MAX) {
			issues_add(d, &at, item->path,
				   "is one pool too many, or its name too long (%d pools, %d characters)",
				   SETTINGS_POOLS_MAX, SETTINGS_NAME_MAX - 1);
			return;
		}
		memcpy(name, item->path + strlen("pools."), n);
		name[n] = '\0';
		add_pool(d, name, POOL_PREFORK);
	}
}

/* The number of listeners in the list: elements in a setting, from the first. Whatever else looks like one is below none. */
static size_t count_listeners(const struct items *f)
{
	char path[64] = "listeners.[0]";
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		/* An option can change a listener, not make one. */
		if (f->list[i].kind < ITEM_OPTION && strcmp(f->list[i].path, path) == 0)
			(void)snprintf(path, sizeof(path), "listeners.[%zu]", ++n);
	return n;
}

/* The listeners, with defaults only. False if there is no room. */
static bool add_listeners(struct draft *d)
{
	struct settings *s = d->settings;
	size_t n = count_listeners(d->items);

	if (n > SETTINGS_LISTENERS_MAX) {
		struct origin at = assign_origin(items_find(d->items, "listeners.[0]"));

		issues_add(d, &at, "listeners", "there are %zu (%d at most)", n, SETTINGS_LISTENERS_MAX);
		return false;
	}
	s->listeners = draft_keep(d, calloc(n + service_table_n, sizeof(*s->listeners)));
	s->own->listeners = draft_keep(d, calloc(n + service_table_n, sizeof(*s->own->listeners)));
	if (!s->listeners || !s->own->listeners)
		return false;
	s->listeners_n = n;
	s->spares_n = service_table_n;
	for (size_t i = 0; i < n + service_table_n; i++) {
		const struct item *item;
		char path[64];

		(void)snprintf(path, sizeof(path), "listeners.[%zu]", i);
		item = items_find(d->items, path);
		if (item)
			s->own->listeners[i].at = assign_origin(item);
		assign_standard(d, SCOPE_LISTENER, &s->listeners[i]);
		assign_standard(d, SCOPE_EXTRA, &s->own->listeners[i]);
		if (i >= n)
			s->listeners[i].service = &service_table[i - n];
	}
	return true;
}

void apply_list(struct draft *d)
{
	assign_standard(d, SCOPE_TOP, d->settings);
	add_pools(d);
	if (!add_listeners(d))
		return;
	walk(d, true, true);
	walk(d, true, false);
	walk(d, false, true);
	walk(d, false, false);
}
