/* SPDX-License-Identifier: MIT */
/* The tokens of the settings' text, as libconfig parts them. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NAME,    /* of a setting; also true, false, and a word without quotation marks */
	TOKEN_NUMBER,  /* also what is meant as one: 12k                                     */
	TOKEN_STRING,  /* with its quotation marks                                           */
	TOKEN_MARK,    /* any other byte                                                     */
	TOKEN_UNENDED, /* a string or a comment that has no end                              */
};

struct token {
	enum token_kind kind;
	const char *at;
	size_t n;
};

/* The first token at p or behind it, before `end`; blanks and comments are none. */
struct token tokens_next(const char *p, const char *end);

/* The value of a number that is whole, decimal or hexadecimal, with an L or without. 0; -ERANGE: over 64 bits, or longer
 * than anybody means; -EINVAL: it is none. */
int tokens_integer(const struct token *t, int64_t *ret) must_check;
