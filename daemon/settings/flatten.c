/* SPDX-License-Identifier: MIT */
/* From the settings' text through libconfig's tree to the flat list, and the -o options over it. */
#include "settings/flatten.h"

#include <errno.h>
#include <inttypes.h>
#include <libconfig.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "settings/slips.h"
#include "settings/tokens.h"

#define NAME_MAX_BYTES 63 /* of a setting */

/* A number as decimal text. libconfig keeps doubles: 15 digits are what they hold for certain. */
static char *float_text(double v)
{
	char *s = NULL;

	if (asprintf(&s, "%.15g", v) < 0)
		return NULL;
	if (!strchr(s, 'e'))
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
	case CONFIG_TYPE_STRING:
		item->kind = ITEM_STRING;
		s = strdup(config_setting_get_string(c));
		break;
	default: /* libconfig came no further than its name */
		return 0;
	}
	if (!s)
		return -ENOMEM;
	item->value = s;
	item->value_n = strlen(s);
	return 0;
}

/* The tree on its way to the list. */
struct flatten {
	struct scan *scan;
	struct items *to;
	unsigned settings_n; /* of the tree so far */
};

static struct scan_line where(const struct flatten *f, const config_setting_t *c)
{
	return scan_where(f->scan, config_setting_source_line(c));
}

static int out_of_memory(struct flatten *f, const config_setting_t *c)
{
	struct scan_line at = where(f, c);

	return scan_refuse(f->scan, &at, "out of memory");
}

static int refuse_name(struct flatten *f, const config_setting_t *member)
{
	struct scan_line at = where(f, member);

	return scan_refuse(f->scan, &at, "a name is too long (%d characters at most)", NAME_MAX_BYTES);
}

static int add_setting(struct flatten *f, const config_setting_t *c, const char *path);

/* All that a group, a list or an array holds. */
static int add_members(struct flatten *f, const config_setting_t *c, const char *path)
{
	int r = 0, n = config_setting_length(c);
	const char *dot = path[0] != '\0' ? "." : "";

	for (int i = 0; r == 0 && i < n; i++) {
		const config_setting_t *member = config_setting_get_elem(c, (unsigned)i);
		const char *name = config_setting_name(member);
		char *below = NULL;

		f->settings_n += name != NULL;
		if (name && strlen(name) > NAME_MAX_BYTES)
			return refuse_name(f, member);
		if ((name ? asprintf(&below, "%s%s%s", path, dot, name) : asprintf(&below, "%s%s[%d]", path, dot, i)) < 0)
			return out_of_memory(f, member);
		r = add_setting(f, member, below);
	}
	return r;
}

/* The item keeps `path`. */
static int add_setting(struct flatten *f, const config_setting_t *c, const char *path)
{
	struct scan_line at = where(f, c);
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
	if (r < 0 || items_add(f->to, &item) < 0)
		return out_of_memory(f, c);
	if (config_setting_is_aggregate(c))
		r = add_members(f, c, path);
	return r;
}

/* "listeners.[1]." of a setting, as messages have it. */
static void add_path(struct text *t, const config_setting_t *c)
{
	if (config_setting_is_root(c))
		return;
	add_path(t, config_setting_parent(c));
	if (config_setting_name(c))
		text_addf(t, "%s.", config_setting_name(c));
	else
		text_addf(t, "[%d].", config_setting_index(c));
}

/* libconfig stopped at a name that its group has. The tree has all names before it, so it is the next one in the text, and
 * its group is the last one below as many others as there are brackets open. */
static int explain_doubled(struct flatten *f, const config_t *config)
{
	const char *p = f->scan->text, *end = p + f->scan->len;
	const config_setting_t *group = config_root_setting(config), *first;
	struct scan_line at = scan_where(f->scan, (unsigned)config_error_line(config)), before;
	char name[NAME_MAX_BYTES + 1] = "", storage[ITEM_PATH_MAX];
	struct text path = TEXT_OVER(storage);
	unsigned names_n = 0, depth = 0;

	while (names_n <= f->settings_n) {
		struct token t = tokens_next(p, end), next = tokens_next(t.at + t.n, end);

		if (t.kind == TOKEN_NAME && (*next.at == '=' || *next.at == ':') && names_n++ == f->settings_n)
			memcpy(name, t.at, t.n < sizeof(name) ? t.n : sizeof(name) - 1);
		if (t.kind == TOKEN_MARK)
			depth += strchr("{([", *t.at) ? 1u : strchr("})]", *t.at) ? -1u : 0u;
		if (t.kind == TOKEN_END)
			break;
		p = t.at + t.n;
	}
	for (; depth > 0 && group; depth--)
		group = config_setting_get_elem(group, (unsigned)config_setting_length(group) - 1);
	first = group ? config_setting_get_member(group, name) : NULL;
	if (!first)
		return 0;
	add_path(&path, group);
	before = where(f, first);
	return scan_refuse(f->scan, &at, "%s%s: is set twice (first at %s:%u)", path.at, name, before.file, before.line);
}

/* The reason why libconfig has refused the text. */
static int explain(struct flatten *f, const config_t *config)
{
	unsigned line = (unsigned)config_error_line(config);
	struct scan_line at = scan_where(f->scan, line);
	char storage[320];
	struct text why = TEXT_OVER(storage);
	int r = strstr(config_error_text(config), "duplicate") ? explain_doubled(f, config) : 0;

	if (r < 0)
		return r;
	slips_explain(&why, f->scan->text, line);
	return scan_refuse(f->scan, &at, "%s: %s", config_error_text(config), why.at);
}

/* A tree that is no more than begun is looked at as well: a name that is too long may be why libconfig came no further. */
int flatten_text(struct scan *s, struct items *ret)
{
	struct flatten f = { .scan = s, .to = ret };
	config_t config;
	int read, r;

	config_init(&config);
	read = config_read_string(&config, s->text);
	r = add_members(&f, config_root_setting(&config), "");
	if (r == 0 && read != CONFIG_TRUE)
		r = explain(&f, &config);
	return r; /* the tree is not given back: the process ends soon */
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
		struct item item = { .kind = ITEM_OPTION, .path = options[i].key, .file = options[i].from }, *there;
		int r;

		item.value = options[i].value;
		item.value_n = strlen(item.value);
		there = items_find(f, item.path);
		if (there && there->kind != ITEM_GROUP && there->kind != ITEM_LIST) {
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
