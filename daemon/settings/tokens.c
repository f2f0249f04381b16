/* SPDX-License-Identifier: MIT */
/*
 * The words of one settings file, read as libconfig reads them, to find what libconfig must not see.
 *
 * Flow: tokens_read() copies a file token by token into scan->text: names are checked for being doubled, numbers for
 * fitting, `@include` becomes the file's text, a comma before a closing bracket goes (libconfig 1.7 allows it, 1.5 does
 * not). What is wrong with the grammar otherwise is libconfig's to say.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "settings/items.h"
#include "settings/tokens.h"
#include "settings/value.h"

#define KEYS_N 16384 /* a power of two, twice SCAN_SETTINGS_MAX: the hash is never full */

struct scan_key {
	uint32_t group;
	char name[SCAN_NAME_MAX]; /* "": free */
	struct scan_line at;
};

struct cursor {
	struct scan *s;
	const char *p, *end;
	struct scan_line at;
	bool fresh; /* only blanks since the line began: where an @include may stand */
};

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* Copies the next n bytes as they are. */
static int copy(struct cursor *c, size_t n)
{
	int r = scan_put(c->s, c->p, n, &c->at);

	for (size_t i = 0; i < n; i++) {
		if (c->p[i] == '\n') {
			c->at.line++;
			c->fresh = true;
		} else if (c->p[i] != ' ' && c->p[i] != '\t') {
			c->fresh = false;
		}
	}
	c->p += n;
	return r;
}

/* How many of the next bytes are of a set. */
static size_t span(const struct cursor *c, const char *set)
{
	size_t n = 0;

	while (c->p + n < c->end && strchr(set, c->p[n]) != NULL)
		n++;
	return n;
}

/* The path of the setting `name` in the innermost group, as messages have it. */
static void add_path(struct text *t, const struct scan *s, const char *name)
{
	for (unsigned i = 1; i <= s->depth; i++) {
		if (s->frames[i].name[0] != '\0')
			text_addf(t, "%s.", s->frames[i].name);
		else
			text_addf(t, "[%" PRIu32 "].", s->frames[i - 1].index);
	}
	text_add(t, name);
}

/* FNV-1a. Somebody who chooses names that collide has 8192 of them, and two seconds. */
static uint32_t hash_key(uint32_t group, const char *name)
{
	uint32_t h = 2166136261u ^ group;

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h ^ h >> 15;
}

/* "=" or ":" behind a name: a setting. */
static int take_assignment(struct cursor *c)
{
	struct scan *s = c->s;
	struct scan_frame *in = &s->frames[s->depth];
	struct scan_key *key;
	char storage[ITEM_PATH_MAX];
	struct text path = TEXT_OVER(storage);

	if (!s->named)
		return copy(c, 1);
	if (++in->settings_n > SCAN_GROUP_MAX)
		return scan_refuse(s, &c->at, "there are too many settings in one group (%d at most)", SCAN_GROUP_MAX);
	if (++s->settings_n > SCAN_SETTINGS_MAX)
		return scan_refuse(s, &c->at, "there are too many settings (%d at most)", SCAN_SETTINGS_MAX);
	for (uint32_t i = hash_key(in->id, s->name);; i++) {
		key = &s->keys[i % KEYS_N];
		if (key->name[0] == '\0')
			break;
		if (key->group != in->id || strcmp(key->name, s->name) != 0)
			continue;
		add_path(&path, s, s->name);
		return scan_refuse(s, &c->at, "%s: is set twice (first at %s:%u)", path.at, key->at.file, key->at.line);
	}
	key->group = in->id;
	key->at = c->at;
	memcpy(key->name, s->name, sizeof(key->name));
	return copy(c, 1);
}

/* Kept until it is known whether a value follows: true and false are names too, up to here. */
static int take_name(struct cursor *c)
{
	size_t n = span(c, LETTERS DIGITS "*_-");

	if (n >= SCAN_NAME_MAX)
		return scan_refuse(c->s, &c->at, "a name is too long (%d characters at most)", SCAN_NAME_MAX - 1);
	memcpy(c->s->name, c->p, n);
	c->s->name[n] = '\0';
	c->s->named = true;
	return copy(c, n);
}

/* A number's value where it is an integer, with its L or without: 0, -ERANGE over 64 bits, -EINVAL if it is none. */
static int parse_integer(const char *s, int64_t *ret)
{
	size_t n = strlen(s), hex_n;
	char digits[64];
	uint64_t v;

	while (n > 1 && s[n - 1] == 'L')
		n--;
	if (n >= sizeof(digits))
		return -ERANGE; /* whatever it is, nobody means it */
	memcpy(digits, s, n);
	digits[n] = '\0';
	if (digits[0] != '0' || (digits[1] != 'x' && digits[1] != 'X'))
		return value_integer(digits, ret);
	hex_n = strspn(digits + 2, DIGITS "abcdefABCDEF");
	if (hex_n == 0 || digits[2 + hex_n] != '\0')
		return -EINVAL;
	errno = 0;
	v = strtoull(digits + 2, NULL, 16);
	if (errno != 0 || v > (uint64_t)INT64_MAX)
		return -ERANGE;
	*ret = (int64_t)v;
	return 0;
}

/* As every libconfig reads it whole: without an L, 1.5 cuts it to 32 bits in silence, and 1.8 takes some in hexadecimal
 * digits for negative. */
static int put_long(struct cursor *c, size_t n, int64_t v)
{
	char number[32];

	(void)snprintf(number, sizeof(number), "%" PRId64 "L", v);
	c->p += n;
	c->fresh = false;
	return scan_put(c->s, number, strlen(number), &c->at);
}

/* Whatever it is but a whole number (a float, a mistake) is for libconfig. */
static int take_number(struct cursor *c)
{
	size_t n = span(c, LETTERS DIGITS "+-.");
	char number[512];
	int64_t v = 0;
	int r;

	if (n >= sizeof(number))
		return scan_refuse(c->s, &c->at, "a number is too long");
	memcpy(number, c->p, n);
	number[n] = '\0';
	r = parse_integer(number, &v);
	if (r == -ERANGE)
		return scan_refuse(c->s, &c->at, "%.40s does not fit (whole numbers have 64 bits)", number);
	return r == 0 && (v < INT32_MIN || v > INT32_MAX) ? put_long(c, n, v) : copy(c, n);
}

/* Escapes matter only where they could hide the end of the string, or a NUL. */
static int take_string(struct cursor *c)
{
	size_t n = 1, left = (size_t)(c->end - c->p);

	while (n < left && c->p[n] != '"') {
		if (c->p[n] != '\\') {
			n++;
			continue;
		}
		/* \x00 would end the string for everybody who reads it. */
		if (left - n >= 4 && (c->p[n + 1] | 0x20) == 'x' && c->p[n + 2] == '0' && c->p[n + 3] == '0')
			return scan_refuse(c->s, &c->at, "a string holds a NUL byte");
		n += 2;
	}
	if (n >= left)
		return scan_refuse(c->s, &c->at, "a string does not end");
	return copy(c, n + 1);
}

/* To the end of its line, or of its block. */
static int take_comment(struct cursor *c)
{
	const char *end;

	if (c->p[0] == '/' && c->p[1] == '*') {
		end = memmem(c->p + 2, (size_t)(c->end - c->p) - 2, "*/", 2);
		if (end == NULL)
			return scan_refuse(c->s, &c->at, "a comment does not end");
		return copy(c, (size_t)(end + 2 - c->p));
	}
	end = memchr(c->p, '\n', (size_t)(c->end - c->p));
	return copy(c, end != NULL ? (size_t)(end - c->p) : (size_t)(c->end - c->p));
}

/* The depth is bounded: libconfig and flatten.c go down by calling themselves. */
static int take_open(struct cursor *c)
{
	struct scan *s = c->s;
	struct scan_frame *f;

	if (s->depth == SCAN_DEPTH_MAX)
		return scan_refuse(s, &c->at, "groups and lists are nested too deeply (%d at most)", SCAN_DEPTH_MAX);
	f = &s->frames[++s->depth];
	*f = (struct scan_frame){ .kind = *c->p, .id = ++s->groups_n, .at = c->at };
	if (s->named)
		memcpy(f->name, s->name, sizeof(f->name));
	return copy(c, 1);
}

/* libconfig would say `syntax error` at the end of the file; the line of the opening bracket is what helps. */
static int take_close(struct cursor *c)
{
	static const char openers[] = "{([", closers[] = "})]";
	struct scan *s = c->s;
	char opener = openers[strchr(closers, *c->p) - closers];
	const struct scan_frame *f = &s->frames[s->depth];

	if (s->depth == 0)
		return scan_refuse(s, &c->at, "'%c' closes nothing", *c->p);
	if (f->kind != opener)
		return scan_refuse(s, &c->at, "'%c' cannot close the '%c' of %s:%u", *c->p, f->kind, f->at.file, f->at.line);
	if (s->comma_at > 0)
		s->text[s->comma_at - 1] = ' ';
	s->depth--;
	return copy(c, 1);
}

/* Where it stands is remembered: a closing bracket may come next. */
static int take_comma(struct cursor *c)
{
	struct scan_frame *f = &c->s->frames[c->s->depth];

	if (++c->s->elements_n > SCAN_ELEMENTS_MAX)
		return scan_refuse(c->s, &c->at, "there are too many elements (%d at most)", SCAN_ELEMENTS_MAX);
	f->index++;
	c->s->comma_at = f->kind != '{' && f->index > 0 ? c->s->len + 1 : 0;
	return copy(c, 1);
}

/* `@include "file"`, alone at the beginning of its line. */
static int take_include(struct cursor *c)
{
	static const char word[] = "@include";
	const char *from = c->p + sizeof(word) - 1, *to;
	struct scan_line at = c->at;
	char name[1024];

	if (!c->fresh || (size_t)(c->end - c->p) < sizeof(word) || memcmp(c->p, word, sizeof(word) - 1) != 0)
		return scan_refuse(c->s, &at, "'@' begins nothing but a line of its own: @include \"FILE\"");
	while (from < c->end && (*from == ' ' || *from == '\t'))
		from++;
	to = from < c->end && *from == '"' ? memchr(from + 1, '"', (size_t)(c->end - from) - 1) : NULL;
	if (to == NULL || memchr(from, '\n', (size_t)(to - from)) != NULL)
		return scan_refuse(c->s, &at, "@include wants a file's name between quotation marks");
	if ((size_t)(to - from) > sizeof(name) || memchr(from, '\\', (size_t)(to - from)) != NULL)
		return scan_refuse(c->s, &at, "the name of the file to include is too long or has a backslash");
	memcpy(name, from + 1, (size_t)(to - from) - 1);
	name[to - from - 1] = '\0';
	c->p = to + 1;
	c->fresh = false;
	return scan_include(c->s, name, &at);
}

/* A token that is none of the blanks and comments: what it changes for the next. */
static int take_token(struct cursor *c)
{
	struct scan *s = c->s;
	char first = *c->p;
	int r;

	if (first == '"')
		r = take_string(c);
	else if (first == '*' || (first != '\0' && strchr(LETTERS, first) != NULL))
		return take_name(c);
	else if (first == '=' || first == ':')
		return take_assignment(c); /* the name stays, for the group that may follow */
	else if (strchr("{([", first) != NULL)
		r = take_open(c);
	else if (strchr("})]", first) != NULL)
		r = take_close(c);
	else if (strchr(DIGITS "+-.", first) != NULL)
		r = take_number(c);
	else
		r = copy(c, 1);
	s->named = false;
	return r;
}

/* Blanks and comments change nothing; each other token says what may come next. */
int tokens_read(struct scan *s, const char *bytes, size_t n, const char *file)
{
	struct cursor c = { .s = s, .p = bytes, .end = bytes + n, .at = { .file = file, .line = 1 }, .fresh = true };
	int r = 0;

	if (s->keys == NULL) {
		s->keys = calloc(KEYS_N, sizeof(*s->keys));
		if (s->keys == NULL)
			return scan_refuse(s, &c.at, "out of memory");
	}
	while (r == 0 && c.p < c.end) {
		bool slash = c.end - c.p > 1 && *c.p == '/' && (c.p[1] == '/' || c.p[1] == '*');

		if (*c.p == ' ' || *c.p == '\t' || *c.p == '\n' || *c.p == '\r' || *c.p == '\f') {
			r = copy(&c, 1);
		} else if (*c.p == '#' || slash) {
			r = take_comment(&c);
		} else if (*c.p == '@') {
			r = take_include(&c);
		} else if (*c.p == ',') {
			r = take_comma(&c);
			s->named = false;
		} else {
			r = take_token(&c);
			s->comma_at = 0;
		}
	}
	return r;
}
