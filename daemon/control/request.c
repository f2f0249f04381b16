/* SPDX-License-Identifier: MIT */
/* A request over the control socket: one line of words. */
#include "control/request.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static int refuse(struct request *r, struct text *why, const char *what)
{
	r->words_n = 0;
	text_add(why, what);
	return -EINVAL;
}

int request_parse(const char *line, size_t n, struct request *ret, struct text *why)
{
	char *rest = ret->line;

	ret->words_n = 0;
	if (n >= sizeof(ret->line))
		return refuse(ret, why, "the request is too long");
	for (size_t i = 0; i < n; i++)
		if (line[i] < ' ' || line[i] > '~')
			return refuse(ret, why, "the request is no line of printable ASCII");
	memcpy(ret->line, line, n);
	ret->line[n] = '\0';
	for (char *word; (word = strsep(&rest, " ")) != NULL;) {
		if (word[0] == '\0')
			return refuse(ret, why, "the request is no line of words with one blank between them");
		if (ret->words_n == REQUEST_WORDS_MAX)
			return refuse(ret, why, "the request has too many words");
		ret->words[ret->words_n++] = word;
	}
	return 0;
}

/* Decimal digits, no more than fit, up to `end`. */
static bool parse_number(const char *from, const char *end, uint32_t *ret)
{
	uint64_t v = 0;

	if (from == end || (*from == '0' && from + 1 != end))
		return false;
	for (; from < end; from++) {
		if (*from < '0' || *from > '9')
			return false;
		v = v * 10 + (uint64_t)(*from - '0');
		if (v > UINT32_MAX)
			return false;
	}
	*ret = (uint32_t)v;
	return true;
}

int request_parse_id(const char *id, uint32_t *ret_slot, uint32_t *ret_generation)
{
	const char *dot = strchr(id, '.');

	if (dot == NULL || !parse_number(id, dot, ret_slot) || !parse_number(dot + 1, dot + strlen(dot), ret_generation))
		return -EINVAL;
	return 0;
}
