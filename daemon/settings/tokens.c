/* SPDX-License-Identifier: MIT */
/* The tokens of the settings' text, as libconfig parts them. */
#include "settings/tokens.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "settings/value.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static bool is_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

/* The number of bytes from p on that are of a set. */
static size_t span(const char *p, const char *end, const char *set)
{
	size_t n = 0;

	while (p + n < end && is_of(p[n], set))
		n++;
	return n;
}

/* Behind the comment that begins at p; NULL: it does not end; p: none begins there. */
static const char *skip_comment(const char *p, const char *end)
{
	const char *last;
	bool slash = end - p > 1 && p[0] == '/';

	if (slash && p[1] == '*') {
		last = memmem(p + 2, (size_t)(end - p) - 2, "*/", 2);
		return last ? last + 2 : NULL;
	}
	if (*p != '#' && !(slash && p[1] == '/'))
		return p;
	last = memchr(p, '\n', (size_t)(end - p));
	return last ? last : end;
}

/* The string whose first quotation mark is at p. */
static struct token take_string(const char *p, const char *end)
{
	size_t n = 1, left = (size_t)(end - p);

	while (n < left && p[n] != '"')
		n += p[n] == '\\' ? 2 : 1;
	if (n >= left)
		return (struct token){ TOKEN_UNENDED, p, left };
	return (struct token){ TOKEN_STRING, p, n + 1 };
}

struct token tokens_next(const char *p, const char *end)
{
	const char *next = p;

	do {
		p = next + span(next, end, " \t\r\n\f");
		next = p < end ? skip_comment(p, end) : p;
	} while (next && next != p);
	if (!next)
		return (struct token){ TOKEN_UNENDED, p, (size_t)(end - p) };
	if (p == end)
		return (struct token){ TOKEN_END, p, 0 };
	if (*p == '"')
		return take_string(p, end);
	if (is_of(*p, LETTERS "*"))
		return (struct token){ TOKEN_NAME, p, span(p, end, LETTERS DIGITS "*_-") };
	if (is_of(*p, DIGITS "+-."))
		return (struct token){ TOKEN_NUMBER, p, span(p, end, LETTERS DIGITS "+-.") };
	return (struct token){ TOKEN_MARK, p, 1 };
}

int tokens_integer(const struct token *t, int64_t *ret)
{
	char number[64] = "", *end;
	size_t n = t->n;
	uint64_t v;

	while (n > 1 && t->at[n - 1] == 'L')
		n--;
	if (n >= sizeof(number))
		return -ERANGE; /* whatever it is, nobody means it */
	memcpy(number, t->at, n);
	if (number[0] != '0' || (number[1] != 'x' && number[1] != 'X'))
		return value_integer(number, ret);
	errno = 0;
	v = strtoull(number, &end, 16);
	if (*end != '\0')
		return -EINVAL;
	if (errno != 0 || v > (uint64_t)INT64_MAX)
		return -ERANGE;
	*ret = (int64_t)v;
	return 0;
}
