/* SPDX-License-Identifier: MIT */
/* The limits of a text's settings and elements: counted by its tokens, before libconfig sees it, whose time grows with
 * the square of a group's size. Pure. */
#pragma once

#include <stdbool.h>

#include "settings/tokens.h"

#define TOKEN_LIMITS_DEPTH_MAX 16 /* brackets in one another */

/* Zeroed at first. */
struct token_limits {
	unsigned group_n[TOKEN_LIMITS_DEPTH_MAX + 1]; /* settings of the group at each depth, the file's own first */
	unsigned settings_n, elements_n;
	bool begins_element; /* what comes next may be one of a list or an array */
};

/* Counts the next token. depth: how many brackets are open; in_list: the innermost is of a list or an array. NULL; or the
 * sentence that refuses it. */
const char *token_limits_count(struct token_limits *l, const struct token *t, unsigned depth, bool in_list);
