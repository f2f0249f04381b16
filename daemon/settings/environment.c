/* SPDX-License-Identifier: MIT */
/* The settings that the environment says. */
#include "settings/environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/text.h"
#include "settings/items.h"

/* With one underscore a variable may be anybody's: Kubernetes sets ECHOTIMED_PORT where a Service is called echotimed. */
#define KEY_VARIABLE "ECHOTIMED__" /* and a key */

static const char prefix[] = KEY_VARIABLE;
static const char parting[] = "__";

static bool is_setting(const char *variable)
{
	return strncmp(variable, prefix, strlen(prefix)) == 0 && strchr(variable, '=');
}

/* "LISTENERS__0__PORT" as "listeners.[0].port" */
static void add_key(struct text *to, const char *words)
{
	for (const char *next = words; next; words = next) {
		const char *end = strstr(words, parting);
		size_t n = end ? (size_t)(end - words) : strlen(words);
		bool number = n > 0 && strspn(words, "0123456789") == n;

		text_add(to, number ? "[" : "");
		for (size_t i = 0; i < n; i++)
			text_add_bytes(to, &(char){ text_lower(words[i]) }, 1);
		text_add(to, number ? "]" : "");
		text_add(to, end ? "." : "");
		next = end ? end + strlen(parting) : NULL;
	}
}

/* Kept as long as the program lives. A key that is cut is longer than any that there is. */
static int take(const char *variable, struct settings_override *ret)
{
	char storage[ITEM_PATH_MAX], *name = strdup(variable), *key;
	struct text words = TEXT_OVER(storage);

	if (!name)
		return -ENOMEM;
	ret->value = strchr(name, '=') + 1;
	name[ret->value - name - 1] = '\0';
	add_key(&words, name + strlen(prefix));
	key = strdup(storage);
	ret->key = key;
	ret->from = name;
	return key ? 0 : -ENOMEM;
}

int environment_read(char *const *variables, size_t more, struct settings_override **ret, size_t *ret_n)
{
	size_t all = 0;
	int r = 0;

	for (size_t i = 0; variables[i]; i++)
		all += is_setting(variables[i]);
	*ret_n = 0;
	*ret = calloc(all + more, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && variables[i] && !getauxval(AT_SECURE); i++)
		if (is_setting(variables[i])) {
			r = take(variables[i], &(*ret)[*ret_n]);
			*ret_n += r == 0;
		}
	return r;
}
