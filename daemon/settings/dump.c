/* SPDX-License-Identifier: MIT */
/*
 * -T: the effective settings, as a file that reads back to the same.
 *
 * Each line is a key, its value as the structure has it now, and where that came from. A key without a value is a comment.
 */
#include "settings/dump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "settings/kinds.h"
#include "settings/schema.h"

/* One structure of settings, as it is printed. */
struct section {
	FILE *to;
	enum scope scope;
	const void *object, *extra; /* extra: for SCOPE_EXTRA */
	const struct origin *origins;
	const char *name; /* of the service or the model, for settings that not all have */
	const char *indent;
	struct schema_group group;
};

/* The place as messages have it, so that an editor can jump there. */
static void print_origin(FILE *to, const struct origin *o)
{
	const char *inherited = o->inherited ? " defaults" : "";

	if (!o->file)
		(void)fputs(" # default\n", to);
	else if (o->line == 0)
		(void)fprintf(to, " # %s%s\n", o->file, inherited);
	else
		(void)fprintf(to, " # %s:%u%s\n", o->file, o->line, inherited);
}

/* 0 or -EIO. */
static int print_setting(const struct section *s, const struct setting *setting, const char *key)
{
	const void *object = setting->scope == SCOPE_EXTRA ? s->extra : s->object;
	const char *deeper = s->group.name[0] ? "\t" : "";
	cleanup_free char *value = NULL;
	size_t value_n = 0;
	FILE *text = open_memstream(&value, &value_n); /* whether there is a value is known when it is printed */
	bool there = text && kinds_print(text, setting, object);
	int r = !text || fclose(text) != 0 ? -EIO : 0;

	if (r == 0 && there)
		(void)fprintf(s->to, "%s%s%s = %s;", s->indent, deeper, key, value);
	else if (r == 0)
		(void)fprintf(s->to, "%s%s# %s is not set\n", s->indent, deeper, key);
	if (there)
		print_origin(s->to, &s->origins[setting - schema_all]);
	return r;
}

/* Closes and opens groups before a setting; NULL: before the end. The setting's name in its group. */
static const char *print_group(struct section *s, const char *key)
{
	const char *name = schema_enter_group(&s->group, key);

	if (s->group.closes)
		(void)fprintf(s->to, "%s};\n", s->indent);
	if (s->group.opens)
		(void)fprintf(s->to, "%s%s = {\n", s->indent, s->group.name);
	return name;
}

/* All settings of the top level, or those of a pool or a listener that its model or service has. 0 or -EIO. */
static int print_section(struct section *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < KEYS_N; i++) {
		const struct setting *setting = &schema_all[i];
		enum scope scope = setting->scope == SCOPE_EXTRA ? SCOPE_LISTENER : setting->scope;

		/* A key that means nothing to a listener would be refused if it were said. */
		if (scope != s->scope || !schema_has(setting, s->name) || schema_meant(setting, s->name) != setting)
			continue;
		const char *name = print_group(s, setting->key);
		if (scope == SCOPE_LISTENER && !setting->only[0] && schema_misfit(s->object, setting->key))
			(void)fprintf(s->to, "%s# %s %s\n", s->indent, setting->key, schema_misfit(s->object, setting->key));
		else
			r = print_setting(s, setting, name);
	}
	(void)print_group(s, NULL);
	return r;
}

/* Pools before listeners, as a person would write them; the order means nothing to the reader. */
int dump_write(const struct settings *s, FILE *to)
{
	struct section top = { .to = to, .scope = SCOPE_TOP, .object = s, .origins = s->own->top, .name = "", .indent = "" };
	int r = print_section(&top);

	(void)fputs("pools = {\n", to);
	for (size_t i = 0; r == 0 && i < s->pools_n; i++) {
		const struct pool_settings *p = &s->pools[i];
		struct section pool = { .to = to,
					.scope = SCOPE_POOL,
					.object = p,
					.origins = s->own->pools[i],
					.name = pool_model_name(p->model),
					.indent = "\t\t" };

		(void)fprintf(to, "\t%s = {\n", p->name);
		r = print_section(&pool);
		(void)fputs("\t};\n", to);
	}
	(void)fputs("};\nlisteners = (\n", to);
	for (size_t i = 0; r == 0 && i < s->listeners_n; i++) {
		const struct listener_settings *l = &s->listeners[i];
		const struct listener_own *own = &s->own->listeners[i];
		struct section listener = { .to = to,
					    .scope = SCOPE_LISTENER,
					    .object = l,
					    .extra = own,
					    .origins = own->origins,
					    .name = l->service->name,
					    .indent = "\t\t" };

		(void)fputs("\t{\n", to);
		r = print_section(&listener);
		(void)fputs(i + 1 < s->listeners_n ? "\t},\n" : "\t}\n", to);
	}
	(void)fputs(");\n", to);
	return r == 0 && fflush(to) == 0 && !ferror(to) ? 0 : -EIO;
}
