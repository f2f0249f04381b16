/* SPDX-License-Identifier: MIT */
/* The keys of `impair` by themselves, by their rows in settings.def. */
#include "settings/impair_keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "settings/kinds.h"
#include "settings/schema.h"

#define GROUP "impair."
#define KEY_MAX 32

/* A listener's settings, for the kinds to fill. */
static struct listener_settings scratch;

static int refuse_key(struct text *why, const char *key)
{
	text_addf(why, "impair has no \"%s\" (", key);
	for (size_t i = 0, n = 0; i < KEYS_N; i++)
		if (strncmp(schema_all[i].key, GROUP, strlen(GROUP)) == 0)
			text_addf(why, "%s%s", n++ ? ", " : "", schema_all[i].key + strlen(GROUP));
	text_add(why, ")");
	return -EINVAL;
}

int impair_keys_set(struct impair_rules *r, const char *said, struct text *why)
{
	const char *value = strchr(said, '=');
	char key[KEY_MAX + sizeof(GROUP)];
	const struct setting *setting;

	if (!value || value == said || value - said >= KEY_MAX) {
		text_addf(why, "\"%.64s\" is not KEY=VALUE", said);
		return -EINVAL;
	}
	(void)snprintf(key, sizeof(key), GROUP "%.*s", (int)(value - said), said);
	setting = schema_find(SCOPE_LISTENER, key);
	if (!setting)
		return refuse_key(why, key + strlen(GROUP));
	value++;
	scratch.impair = *r;
	struct given g = { .setting = setting, .object = &scratch, .texts = &value, .n = 1, .why = why };
	if (kinds_take(&g) < 0)
		return -EINVAL;
	*r = scratch.impair;
	return 0;
}

/* Without the quotation marks that a file has. */
static void add_bare(struct text *t, const char *s)
{
	for (; *s != '\0'; s++)
		if (*s != '"')
			text_add_bytes(t, s, 1);
}

void impair_keys_add(struct text *t, const struct impair_rules *r)
{
	static const struct listener_settings nothing;
	size_t before = t->len;

	scratch.impair = *r;
	for (size_t i = 0; i < KEYS_N; i++) {
		const struct setting *setting = &schema_all[i];
		char value[64], standard[64];
		struct text v = TEXT_OVER(value), s = TEXT_OVER(standard);

		if (strncmp(setting->key, GROUP, strlen(GROUP)) != 0)
			continue;
		kinds_show(&v, setting, &scratch);
		kinds_show(&s, setting, &nothing);
		if (strcmp(v.at, s.at) == 0)
			continue;
		text_addf(t, "%s%s=", t->len > before ? " " : "", setting->key + strlen(GROUP));
		add_bare(t, v.at);
	}
	if (t->len == before)
		text_add(t, "nothing");
}
