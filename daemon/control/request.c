/* SPDX-License-Identifier: MIT */
/* What an asker asks for: one line, a JSON object of strings. */
#include "control/request.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Where the parser is in the line. */
struct scan {
	const char *at, *end;
};

static void skip_blanks(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\r'))
		s->at++;
}

static bool take(struct scan *s, char c)
{
	skip_blanks(s);
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

/* A string into to[cap]. False: none, too long, empty, or with what is not allowed in one. */
static bool take_string(struct scan *s, char *to, size_t cap)
{
	size_t n = 0;

	if (!take(s, '"'))
		return false;
	while (s->at < s->end && *s->at != '"') {
		if (*s->at == '\\' && (++s->at == s->end || strchr("\"\\/", *s->at) == NULL))
			return false;
		if (*s->at < 0x20 || *s->at > 0x7E || n + 1 >= cap)
			return false;
		to[n++] = *s->at++;
	}
	to[n] = '\0';
	return n > 0 && take(s, '"');
}

/* The place of a key's value; NULL: there is no such key. */
static char *place_of(struct request *r, const char *key, size_t *ret_cap)
{
	if (strcmp(key, "command") == 0) {
		*ret_cap = sizeof(r->command);
		return r->command;
	}
	if (strcmp(key, "id") == 0) {
		*ret_cap = sizeof(r->id);
		return r->id;
	}
	*ret_cap = sizeof(r->listener);
	return strcmp(key, "listener") == 0 ? r->listener : NULL;
}

static int refuse(struct text *why, const char *what, const char *key)
{
	text_addf(why, what, key);
	return -EINVAL;
}

static int parse_member(struct scan *s, struct request *ret, struct text *why)
{
	char key[16];
	size_t cap;

	if (!take_string(s, key, sizeof(key)) || !take(s, ':'))
		return refuse(why, "the request is no JSON object of strings%s", "");
	char *value = place_of(ret, key, &cap);
	if (value == NULL)
		return refuse(why, "the request has an unknown key \"%s\"", key);
	if (value[0] != '\0')
		return refuse(why, "the request has \"%s\" twice", key);
	if (!take_string(s, value, cap))
		return refuse(why, "the request's \"%s\" is no such thing", key);
	return 0;
}

int request_parse(const char *line, size_t n, struct request *ret, struct text *why)
{
	struct scan s = { .at = line, .end = line + n };

	memset(ret, 0, sizeof(*ret));
	if (!take(&s, '{'))
		return refuse(why, "the request is no JSON object%s", "");
	do {
		int r = parse_member(&s, ret, why);
		if (r < 0)
			return r;
	} while (take(&s, ','));
	if (!take(&s, '}'))
		return refuse(why, "the request is no JSON object of strings%s", "");
	skip_blanks(&s);
	if (s.at != s.end)
		return refuse(why, "the request goes on behind its end%s", "");
	return ret->command[0] != '\0' ? 0 : refuse(why, "the request has no \"command\"%s", "");
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
