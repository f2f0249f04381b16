/* SPDX-License-Identifier: MIT */
/* Members of a line of an answer. */
#include "echotimectl/member.h"

const char *member_text(const json_t *line, const char *key)
{
	const char *s = json_string_value(json_object_get(line, key));

	return s ? s : "";
}

uint64_t member_number(const json_t *line, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(line, key));

	return v > 0 ? (uint64_t)v : 0;
}
