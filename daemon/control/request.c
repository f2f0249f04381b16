/* SPDX-License-Identifier: MIT */
/* A request over the control socket: one line of words. */
#include "control/request.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/decimal.h"

static int refuse_line(struct request *r, struct text *why, const char *what)
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
		return refuse_line(ret, why, "the request is too long");
	for (size_t i = 0; i < n; i++)
		if (line[i] < ' ' || line[i] > '~')
			return refuse_line(ret, why, "the request is no line of printable ASCII");
	memcpy(ret->line, line, n);
	ret->line[n] = '\0';
	for (char *word; (word = strsep(&rest, " ")) != NULL;) {
		if (word[0] == '\0')
			return refuse_line(ret, why, "the request is no line of words with one blank between them");
		if (ret->words_n == REQUEST_WORDS_MAX)
			return refuse_line(ret, why, "the request has too many words");
		ret->words[ret->words_n++] = word;
	}
	return 0;
}

/* Without leading zeros. 0 or -EINVAL. */
static int take_half(const char **at, uint32_t *ret)
{
	bool is_zero = **at == '0';
	const char *from = *at;
	uint64_t n;

	if (decimal_take(at, &n) < 0 || n > UINT32_MAX || (is_zero && *at != from + 1))
		return -EINVAL;
	*ret = (uint32_t)n;
	return 0;
}

int request_parse_id(const char *id, uint32_t *ret_slot, uint32_t *ret_generation)
{
	if (take_half(&id, ret_slot) < 0 || *id++ != '.' || take_half(&id, ret_generation) < 0 || *id)
		return -EINVAL;
	return 0;
}
