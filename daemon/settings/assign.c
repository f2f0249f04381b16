/* SPDX-License-Identifier: MIT */
/* One value into the field of its setting: its texts are collected and given to the kind, its origin is noted. */
#include "settings/assign.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "settings/issues.h"
#include "settings/kinds.h"

struct origin assign_origin(const struct item *item)
{
	return (struct origin){ .file = item->file, .line = item->line };
}

/* Splits an option's text at its commas, in place. The number of elements. */
static size_t split_commas(char *s, const char **texts)
{
	size_t n = 0;
	char *rest = s, *one;

	if (s[strspn(s, " ")] == '\0')
		return 0;
	while ((one = strsep(&rest, ","))) {
		one += strspn(one, " ");
		for (char *end = one + strlen(one); end > one && end[-1] == ' ';)
			*--end = '\0';
		texts[n++] = one;
	}
	return n;
}

/* The most issues there may be, nested ones included: room enough for those that are single values. */
static size_t count_elements(const struct draft *d, const struct item *item)
{
	const struct item *e = item + 1, *end = d->items->list + d->items->n;

	while (e < end && items_is_below(e, item->path))
		e++;
	return (size_t)(e - item) - 1;
}

/* The elements of an array, which follow it in the list. False, with an issue, if one is not a single value. */
static bool collect_elements(struct draft *d, const struct item *item, const char **texts, size_t *ret_n)
{
	const struct item *end = d->items->list + d->items->n;

	*ret_n = 0;
	for (const struct item *e = item + 1; e < end && items_is_below(e, item->path); e++) {
		struct origin at = assign_origin(e);

		if (e->kind < ITEM_INTEGER) {
			issues_add(d, &at, e->path, "is %s (a single value is wanted)", items_kind_name(e->kind));
			return false;
		}
		texts[(*ret_n)++] = e->value;
	}
	return true;
}

/* Gives collected texts to the setting's kind. */
static int take(struct draft *d, const struct given *g, const struct item *item, const struct assign_place *p)
{
	struct origin at = assign_origin(item);
	int r = kinds_take(g);

	if (r == -ENOMEM)
		d->no_memory = true;
	else if (r < 0)
		issues_add(d, &at, p->path, "%s", g->why->at);
	else if (p->origins) {
		at.inherited = p->inherited;
		p->origins[g->setting - schema_all] = at;
	}
	return r;
}

static void refuse_type(struct draft *d, const struct setting *setting, const struct item *item,
			const struct assign_place *p)
{
	struct origin at = assign_origin(item);

	if (!setting->kind->wanted)
		issues_add(d, &at, p->path, "is %s (one of these strings: %s)", items_kind_name(item->kind), setting->words);
	else if (item->kind == ITEM_STRING)
		issues_add(d, &at, p->path, "is text (\"%.60s\"); %s is wanted, without quotation marks", item->value,
			   setting->kind->wanted);
	else
		issues_add(d, &at, p->path, "is %s (%s)", items_kind_name(item->kind), setting->kind->wanted);
}

/* The type is checked here, once for all kinds: a kind sees nothing but texts. */
int assign_value(struct draft *d, const struct setting *setting, const struct item *item, const struct assign_place *p)
{
	char storage[400];
	struct text why = TEXT_OVER(storage);
	struct given g = { .draft = d, .setting = setting, .object = p->object, .why = &why, .n = 1 };
	bool split = setting->kind->many && item->kind == ITEM_OPTION,
	     is_array = item->kind == ITEM_ARRAY || item->kind == ITEM_LIST;

	if ((setting->kind->accepts & 1u << item->kind) == 0) {
		refuse_type(d, setting, item, p);
		return -EINVAL;
	}
	/* An option has at most as many elements as bytes, and one more. */
	size_t texts_n = is_array ? count_elements(d, item) + 1 : split ? item->value_n + 1 : 1;
	cleanup_free const char **texts = calloc(texts_n, sizeof(*texts));
	cleanup_free char *copy = strdup(item->value);
	if (!texts || !copy) {
		d->no_memory = true;
		return -ENOMEM;
	}
	texts[0] = copy;
	if (is_array && !collect_elements(d, item, texts, &g.n))
		return -EINVAL;
	if (split)
		g.n = split_commas(copy, texts);
	g.texts = texts;
	return take(d, &g, item, p);
}

/* Through the same way as a value from the file: a default that could not be written there would be found by the first
 * run. */
void assign_standard(struct draft *d, enum scope scope, void *object)
{
	struct assign_place p = { .object = object };
	int r;

	for (size_t i = 0; i < KEYS_N; i++) {
		const struct setting *setting = &schema_all[i];
		struct item item = {
			.kind = ITEM_OPTION, .path = setting->key, .file = "default", .value = setting->standard
		};

		if (setting->scope != scope || !setting->standard)
			continue;
		p.path = setting->key;
		item.value_n = strlen(item.value);
		r = assign_value(d, setting, &item, &p);
		assert(r == 0 || r == -ENOMEM); /* our own table */
	}
}
