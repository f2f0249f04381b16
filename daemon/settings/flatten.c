/* SPDX-License-Identifier: MIT */
/* From the settings' text through libconfig's tree to the flat list, and the -o options over it. */
#include <errno.h>
#include <inttypes.h>
#include <libconfig.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "settings/flatten.h"
#include "settings/slips.h"

/* A number as decimal text. libconfig keeps doubles: 15 digits are what they hold for certain. */
static char *float_text(double v)
{
	char *s = NULL;

	if (asprintf(&s, "%.15g", v) < 0)
		return NULL;
	if (strchr(s, 'e') == NULL)
		return s;
	free(s);
	return asprintf(&s, "%.15f", v) < 0 ? NULL : s;
}

/* Kind and value of a setting that is not made of others. */
static int fill_scalar(const config_setting_t *c, struct item *item)
{
	char *s = NULL;

	switch (config_setting_type(c)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		item->kind = ITEM_INTEGER;
		if (asprintf(&s, "%lld", config_setting_get_int64(c)) < 0)
			return -ENOMEM;
		break;
	case CONFIG_TYPE_FLOAT:
		item->kind = ITEM_FLOAT;
		s = float_text(config_setting_get_float(c));
		break;
	case CONFIG_TYPE_BOOL:
		item->kind = ITEM_BOOL;
		s = strdup(config_setting_get_bool(c) ? "true" : "false");
		break;
	default:
		item->kind = ITEM_STRING;
		s = strdup(config_setting_get_string(c));
		break;
	}
	if (s == NULL)
		return -ENOMEM;
	item->value = s;
	item->value_n = strlen(s);
	return 0;
}

static int add_setting(struct items *f, const struct scan *s, const config_setting_t *c, const char *path);

/* All that a group, a list or an array holds. The scanner has limited how deep this can go. */
static int add_members(struct items *f, const struct scan *s, const config_setting_t *c, const char *path)
{
	bool named = config_setting_is_group(c);
	int r = 0, n = config_setting_length(c);
	const char *dot = path[0] != '\0' ? "." : "";

	for (int i = 0; r == 0 && i < n; i++) {
		const config_setting_t *member = config_setting_get_elem(c, (unsigned)i);
		char *below = NULL;

		if (named && asprintf(&below, "%s%s%s", path, dot, config_setting_name(member)) < 0)
			return -ENOMEM;
		if (!named && asprintf(&below, "%s%s[%d]", path, dot, i) < 0)
			return -ENOMEM;
		r = add_setting(f, s, member, below);
	}
	return r;
}

/* The item keeps `path`. */
static int add_setting(struct items *f, const struct scan *s, const config_setting_t *c, const char *path)
{
	struct scan_line at = scan_where(s, config_setting_source_line(c));
	struct item item = { .path = path, .file = at.file, .line = at.line, .value = "" };
	int r = 0;

	if (config_setting_is_group(c))
		item.kind = ITEM_GROUP;
	else if (config_setting_is_array(c))
		item.kind = ITEM_ARRAY;
	else if (config_setting_is_list(c))
		item.kind = ITEM_LIST;
	else
		r = fill_scalar(c, &item);
	if (r == 0)
		r = items_add(f, &item);
	if (r == 0 && config_setting_is_aggregate(c))
		r = add_members(f, s, c, path);
	return r;
}

/* The scanner has seen to it that no include, no size and no depth in this text can surprise libconfig. */
int flatten_text(struct scan *s, struct items *ret)
{
	char storage[320];
	struct text why = TEXT_OVER(storage);
	struct scan_line at;
	config_t config;

	config_init(&config);
	if (config_read_string(&config, s->text) != CONFIG_TRUE) {
		at = scan_where(s, (unsigned)config_error_line(&config));
		slips_explain(&why, s->text, (unsigned)config_error_line(&config));
		return scan_refuse(s, &at, "%s: %s", config_error_text(&config), why.at);
	}
	if (add_members(ret, s, config_root_setting(&config), "") < 0) {
		at = scan_where(s, 1);
		return scan_refuse(s, &at, "out of memory");
	}
	return 0; /* the tree is not given back: the process ends soon */
}

/* Takes out all that is below a path: its elements, where an option says the whole array anew. */
static void drop_below(struct items *f, const char *path)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++)
		if (!items_is_below(&f->list[i], path))
			f->list[kept++] = f->list[i];
	f->n = kept;
}

/* In the list, not in the tree: so an option can name what the tree could not hold, and be told so by the parent. */
int flatten_options(struct items *f, const struct settings_override *options, size_t options_n)
{
	for (size_t i = 0; i < options_n; i++) {
		struct item item = { .kind = ITEM_OPTION, .path = options[i].key, .file = "-o" }, *there;
		int r;

		item.value = options[i].value;
		item.value_n = strlen(item.value);
		there = items_find(f, item.path);
		if (there != NULL && there->kind != ITEM_GROUP && there->kind != ITEM_LIST) {
			*there = item;
			drop_below(f, item.path);
			continue;
		}
		/* An option for a group or a list replaces nothing: as an item of its own it is found to be wrong. Items of
		 * their own come first, where none can be taken for one more element of the array before it. */
		r = items_add(f, &item);
		if (r < 0)
			return r;
		memmove(f->list + 1, f->list, (f->n - 1) * sizeof(*f->list));
		f->list[0] = item;
	}
	return 0;
}
