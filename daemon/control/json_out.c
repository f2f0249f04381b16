/* SPDX-License-Identifier: MIT */
/* Lines of an answer: JSON objects. */
#include "control/json_out.h"

#include <inttypes.h>
#include <string.h>

/* No comma behind what opens. */
static void separate(struct text *to)
{
	char last = to->len ? to->at[to->len - 1] : '\n';

	if (last != '{' && last != '[')
		text_add(to, ",");
}

static void add_key(struct text *to, const char *key)
{
	separate(to);
	text_addf(to, "\"%s\":", key);
}

void json_out_begin(struct text *to, const char *kind)
{
	text_addf(to, "{\"kind\":\"%s\"", kind);
}

void json_out_bytes(struct text *to, const char *key, const char *value, size_t n)
{
	add_key(to, key);
	text_add_quoted(to, value, n);
}

void json_out_text(struct text *to, const char *key, const char *value)
{
	json_out_bytes(to, key, value, strlen(value));
}

void json_out_number(struct text *to, const char *key, uint64_t value)
{
	add_key(to, key);
	text_addf(to, "%" PRIu64, value);
}

void json_out_bool(struct text *to, const char *key, bool value)
{
	add_key(to, key);
	text_add(to, value ? "true" : "false");
}

void json_out_end(struct text *to)
{
	text_add(to, "}\n");
}

void json_out_open(struct text *to, const char *key, char bracket)
{
	add_key(to, key);
	text_addf(to, "%c", bracket);
}

void json_out_element(struct text *to, const char *value)
{
	separate(to);
	text_add_quoted(to, value, strlen(value));
}

void json_out_close(struct text *to, char bracket)
{
	text_addf(to, "%c", bracket);
}
