/* SPDX-License-Identifier: MIT */
/* The limits of a text's settings and elements. */
#include "settings/token_limits.h"

#include <string.h>

#define GROUP_MAX 256      /* settings of one group            */
#define SETTINGS_MAX 8192  /* NAME = VALUE                     */
#define ELEMENTS_MAX 65536 /* of all arrays and lists together */

#define TEXT_OF(number) #number
#define TOO_MANY(what, most) "there are too many " what " (" TEXT_OF(most) " at most)"

static const char *count_setting(struct token_limits *l, unsigned depth)
{
	if (++l->group_n[depth] > GROUP_MAX)
		return TOO_MANY("settings in one group", GROUP_MAX);
	return ++l->settings_n > SETTINGS_MAX ? TOO_MANY("settings", SETTINGS_MAX) : NULL;
}

const char *token_limits_count(struct token_limits *l, const struct token *t, unsigned depth, bool in_list)
{
	char mark = t->kind == TOKEN_MARK ? *t->at : 'a';
	bool is_element = in_list && l->begins_element && !strchr(",])", mark);

	l->begins_element = strchr(",[(", mark);
	if (is_element && ++l->elements_n > ELEMENTS_MAX)
		return TOO_MANY("elements", ELEMENTS_MAX);
	if (mark == '{' && depth < TOKEN_LIMITS_DEPTH_MAX)
		l->group_n[depth + 1] = 0;
	return mark == '=' || mark == ':' ? count_setting(l, depth) : NULL;
}
