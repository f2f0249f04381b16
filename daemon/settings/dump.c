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
static int print_setting(const struct section *s, const struct setting *setting, const char *key, const char *indent)
{
	const void *object = setting->scope == SCOPE_EXTRA ? s->extra : s->object;
	char *value = NULL;
	size_t value_n = 0;
	FILE *text = open_memstream(&value, &value_n); /* whether there is a value is known when it is printed */
	bool there = text && kinds_print(text, setting, object);
	int r = !text || fclose(text) != 0 ? -EIO : 0;

	if (r == 0 && there)
		(void)fprintf(s->to, "%s%s = %s;", indent, key, value);
	else if (r == 0)
		(void)fprintf(s->to, "%s# %s is not set\n", indent, key);
	free(value);
	if (there)
		print_origin(s->to, &s->origins[setting - schema_all]);
	return r;
}

/* The group that is open while settings are printed, which stand one after the other in the table. */
struct group {
	char name[32]; /* "": none */
};

/* Closes and opens groups before a setting; NULL: before the end. The setting's name in its group. */
static const char *enter_group(FILE *to, struct group *g, const char *key, const char *indent)
{
	size_t n = key ? strcspn(key, ".") : 0;
	bool in_group = key && key[n] == '.';

	if (g->name[0] != '\0' && (!in_group || strlen(g->name) != n || memcmp(g->name, key, n) != 0)) {
		(void)fprintf(to, "%s};\n", indent);
		g->name[0] = '\0';
	}
	if (in_group && g->name[0] == '\0') {
		(void)snprintf(g->name, sizeof(g->name), "%.*s", (int)n, key);
		(void)fprintf(to, "%s%s = {\n", indent, g->name);
	}
	return in_group ? key + n + 1 : key;
}

/* All settings of a pool or a listener that its model or service has. 0 or -EIO. */
static int print_section(const struct section *s)
{
	struct group group = { "" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < KEYS_N; i++) {
		const struct setting *setting = &schema_all[i];
		enum scope scope = setting->scope == SCOPE_EXTRA ? SCOPE_LISTENER : setting->scope;

		/* A key that means nothing to a listener would be refused if it were said. */
		if (scope != s->scope || !schema_has(setting, s->name) || schema_meant(setting, s->name) != setting)
			continue;
		const char *name = enter_group(s->to, &group, setting->key, s->indent);
		const char *indent = group.name[0] != '\0' ? "\t\t\t" : s->indent;
		if (scope == SCOPE_LISTENER && !setting->only[0] && schema_misfit(s->object, setting->key))
			(void)fprintf(s->to, "%s# %s %s\n", s->indent, setting->key, schema_misfit(s->object, setting->key));
		else
			r = print_setting(s, setting, name, indent);
	}
	(void)enter_group(s->to, &group, NULL, s->indent);
	return r;
}

/* The settings of the top level. 0 or -EIO. */
static int print_top(const struct section *s)
{
	struct group group = { "" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < KEYS_N; i++) {
		const struct setting *setting = &schema_all[i];

		if (setting->scope != SCOPE_TOP)
			continue;
		const char *name = enter_group(s->to, &group, setting->key, "");
		r = print_setting(s, setting, name, group.name[0] != '\0' ? "\t" : "");
	}
	(void)enter_group(s->to, &group, NULL, "");
	return r;
}

/* Pools before listeners, as a person would write them; the order means nothing to the reader. */
int dump_write(const struct settings *s, FILE *to)
{
	struct section top = { .to = to, .scope = SCOPE_TOP, .object = s, .origins = s->own->top, .name = "", .indent = "" };
	int r = print_top(&top);

	(void)fputs("pools = {\n", to);
	for (size_t i = 0; r == 0 && i < s->pools_n; i++) {
		const struct pool_settings *p = &s->pools[i];
		struct section pool = { to, SCOPE_POOL, p, NULL, s->own->pools[i], pool_model_name(p->model), "\t\t" };

		(void)fprintf(to, "\t%s = {\n", p->name);
		r = print_section(&pool);
		(void)fputs("\t};\n", to);
	}
	(void)fputs("};\nlisteners = (\n", to);
	for (size_t i = 0; r == 0 && i < s->listeners_n; i++) {
		const struct listener_settings *l = &s->listeners[i];
		const struct listener_own *own = &s->own->listeners[i];
		struct section listener = { to, SCOPE_LISTENER, l, own, own->origins, l->service->name, "\t\t" };

		(void)fputs("\t{\n", to);
		r = print_section(&listener);
		(void)fputs(i + 1 < s->listeners_n ? "\t},\n" : "\t}\n", to);
	}
	(void)fputs(");\n", to);
	return r == 0 && fflush(to) == 0 && !ferror(to) ? 0 : -EIO;
}
