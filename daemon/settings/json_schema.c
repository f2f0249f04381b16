/* SPDX-License-Identifier: MIT */
/*
 * settings.def as a JSON Schema.
 *
 * Flow: a scope is an object; settings with a full stop in their key stand one after the other, and are the properties of a
 * group's object.
 */
#include "settings/json_schema.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "settings/schema.h"

/* An object whose properties are printed. */
struct object {
	FILE *to;
	enum scope scope;
	const char *indent;
	struct schema_group group;
	bool begun; /* something stands in the innermost object */
};

static void print_string(FILE *to, const char *s, size_t n)
{
	char storage[1024];
	struct text t = TEXT_OVER(storage);

	text_add_quoted(&t, s, n);
	fputs(t.at, to);
}

static void print_types(FILE *to, const struct setting *setting)
{
	static const struct {
		unsigned kinds;
		const char *name;
	} types[] = {
		{ 1u << ITEM_STRING, "string" },
		{ 1u << ITEM_INTEGER, "integer" },
		{ 1u << ITEM_FLOAT, "number" },
		{ 1u << ITEM_BOOL, "boolean" },
		{ 1u << ITEM_ARRAY | 1u << ITEM_LIST, "array" },
	};
	const char *before = "";

	fputs("\"type\": [", to);
	for (size_t i = 0; i < array_n(types); i++)
		if (setting->kind->accepts & types[i].kinds) {
			fprintf(to, "%s\"%s\"", before, types[i].name);
			before = ", ";
		}
	fputc(']', to);
}

static void print_words(FILE *to, const char *words)
{
	const char *before = ", \"enum\": [";

	for (size_t n; *words; words += n + (words[n] == '|')) {
		n = strcspn(words, "|");
		fputs(before, to);
		print_string(to, words, n);
		before = ", ";
	}
	fputc(']', to);
}

/* A text that is a number or a truth value in a file stands as it is. */
static void print_default(FILE *to, const struct setting *setting)
{
	const char *s = setting->standard;
	bool bare = !(setting->kind->accepts & 1u << ITEM_STRING) && *s;

	fputs(", \"default\": ", to);
	if (setting->kind->many && !*s)
		fputs("[]", to);
	else if (bare && !setting->kind->many)
		fputs(s, to);
	else
		print_string(to, s, strlen(s));
}

static void print_property(struct object *o, const struct setting *setting, const char *name)
{
	fprintf(o->to, "%s%s%s\"%s\": { ", o->begun ? ",\n" : "\n", o->indent, o->group.name[0] ? "\t" : "", name);
	print_types(o->to, setting);
	if (setting->words[0] && !setting->kind->many)
		print_words(o->to, setting->words);
	if (setting->standard)
		print_default(o->to, setting);
	fputs(", \"description\": ", o->to);
	print_string(o->to, setting->help, strlen(setting->help));
	fputs(" }", o->to);
	o->begun = true;
}

/* Closes and opens groups before a setting; NULL: before the end. The setting's name in its group. */
static const char *print_group(struct object *o, const char *key)
{
	const char *name = schema_enter_group(&o->group, key);

	if (o->group.closes)
		fprintf(o->to, "\n%s} }", o->indent);
	if (o->group.opens) {
		fprintf(o->to, "%s%s\"%s\": { \"type\": \"object\", \"additionalProperties\": false, \"properties\": {",
			o->begun ? ",\n" : "\n", o->indent, o->group.name);
		o->begun = false;
	}
	return name;
}

/* Of two settings of one key (mode) the first stands for both: they have the same type. */
static void print_scope(struct object *o)
{
	for (size_t i = 0; i < KEYS_N; i++) {
		const struct setting *setting = &schema_all[i];
		enum scope scope = setting->scope == SCOPE_EXTRA ? SCOPE_LISTENER : setting->scope;

		if (scope != o->scope || schema_find(scope, setting->key) != setting)
			continue;
		const char *name = print_group(o, setting->key);
		print_property(o, setting, name);
	}
	(void)print_group(o, NULL);
	o->begun = true;
}

int json_schema_write(FILE *to)
{
	struct object top = { .to = to, .scope = SCOPE_TOP, .indent = "\t\t" };
	struct object pool = { .to = to, .scope = SCOPE_POOL, .indent = "\t\t\t\t" };
	struct object listener = { .to = to, .scope = SCOPE_LISTENER, .indent = "\t\t\t\t" };

	fputs("{\n\t\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
	      "\t\"title\": \"" PACKAGE_STRING ": echotimed.conf\",\n"
	      "\t\"type\": \"object\",\n\t\"additionalProperties\": false,\n\t\"properties\": {",
	      to);
	print_scope(&top);
	fputs(",\n\t\t\"pools\": { \"type\": \"object\", \"additionalProperties\": { \"$ref\": \"#/$defs/pool\" } },\n"
	      "\t\t\"defaults\": { \"$ref\": \"#/$defs/listener\" },\n"
	      "\t\t\"listeners\": { \"type\": \"array\", \"items\": { \"$ref\": \"#/$defs/listener\", \"required\": "
	      "[\"service\"] } }\n"
	      "\t},\n\t\"$defs\": {\n\t\t\"pool\": { \"type\": \"object\", \"additionalProperties\": false,\n"
	      "\t\t\t\"properties\": {",
	      to);
	print_scope(&pool);
	fputs("\n\t\t\t} },\n\t\t\"listener\": { \"type\": \"object\", \"additionalProperties\": "
	      "false,\n\t\t\t\"properties\": {",
	      to);
	print_scope(&listener);
	fputs("\n\t\t\t} }\n\t}\n}\n", to);
	return ferror(to) ? -EIO : 0;
}
