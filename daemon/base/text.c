/* SPDX-License-Identifier: MIT */
/* Text built in storage of a fixed size, and text taken apart: nothing is allocated, nothing depends on the locale. */
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void text_add_bytes(struct text *t, const char *s, size_t n)
{
	assert(t->len < t->cap);
	if (n >= t->cap - t->len) {
		t->cut = true;
		return;
	}
	memcpy(t->at + t->len, s, n);
	t->len += n;
	t->at[t->len] = '\0';
}

void text_add(struct text *t, const char *s)
{
	text_add_bytes(t, s, strlen(s));
}

void text_vaddf(struct text *t, const char *fmt, va_list args)
{
	size_t room = t->cap - t->len;
	int n;

	assert(t->len < t->cap);
	n = vsnprintf(t->at + t->len, room, fmt, args);
	if (n < 0 || (size_t)n >= room) {
		t->at[t->len] = '\0'; /* take back the part that fitted */
		t->cut = true;
		return;
	}
	t->len += (size_t)n;
}

void text_addf(struct text *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text_vaddf(t, fmt, args);
	va_end(args);
}

/* The length of a UTF-8 sequence by its first byte, 0 where none may begin so; *ret_bits: the bits that byte carries. */
static size_t utf8_length(uint8_t first, uint32_t *ret_bits)
{
	if (first >= 0xC2 && first <= 0xDF) {
		*ret_bits = first & 0x1F;
		return 2;
	}
	if (first >= 0xE0 && first <= 0xEF) {
		*ret_bits = first & 0x0F;
		return 3;
	}
	if (first >= 0xF0 && first <= 0xF4) {
		*ret_bits = first & 0x07;
		return 4;
	}
	return 0;
}

/* Reads one multi-byte character. Its length, or 0 where the bytes are not UTF-8 (RFC 3629: no overlong form, no surrogate,
 * nothing beyond U+10FFFF). */
static size_t utf8_read(const char *s, size_t n, uint32_t *ret_code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t code;
	size_t len = utf8_length((uint8_t)s[0], &code);

	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++) {
		uint8_t byte = (uint8_t)s[i];

		if ((byte & 0xC0) != 0x80)
			return 0;
		code = code << 6 | (byte & 0x3F);
	}
	if (code < smallest[len] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
		return 0;
	*ret_code = code;
	return len;
}

/* \uXXXX, as a pair of surrogates where one does not hold it (RFC 8259, section 7). */
static void add_code(struct text *t, uint32_t code)
{
	if (code < 0x10000) {
		text_addf(t, "\\u%04x", code);
		return;
	}
	code -= 0x10000;
	text_addf(t, "\\u%04x\\u%04x", 0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF));
}

/* One byte that is not printable ASCII, or one of JSON's two special characters. */
static void add_special(struct text *t, char c)
{
	static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: the byte, its letter */

	for (size_t i = 0; i + 1 < sizeof(short_forms); i += 2) {
		if (c == short_forms[i]) {
			text_add_bytes(t, (const char[]){ '\\', short_forms[i + 1] }, 2);
			return;
		}
	}
	add_code(t, (uint8_t)c);
}

/* Appends the first character of s[n], escaped where it must be. Returns how many bytes of s it was. */
static size_t add_escaped(struct text *t, const char *s, size_t n)
{
	uint32_t code;
	size_t len = utf8_read(s, n, &code);

	if (len == 0) {
		add_special(t, s[0]);
		return 1;
	}
	add_code(t, code);
	return len;
}

/* Printable ASCII as it is and the rest escaped, between two marks: quotation marks, which then are escaped too, or "". */
static void add_marked(struct text *t, const char *s, size_t n, const char *mark)
{
	size_t before = t->len;
	bool cut_before = t->cut;

	t->cut = false;
	text_add(t, mark);
	for (size_t i = 0; i < n && !t->cut;) {
		bool plain = s[i] >= 0x20 && s[i] < 0x7F && (*mark == '\0' || (s[i] != '"' && s[i] != '\\'));

		if (plain)
			text_add_bytes(t, s + i++, 1);
		else
			i += add_escaped(t, s + i, n - i);
	}
	text_add(t, mark);
	if (t->cut) {
		t->len = before;
		t->at[before] = '\0';
	}
	t->cut |= cut_before;
}

void text_add_quoted(struct text *t, const char *s, size_t n)
{
	add_marked(t, s, n, "\"");
}

void text_add_printable(struct text *t, const char *s, size_t n)
{
	add_marked(t, s, n, "");
}

char text_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_same_ignoring_case(const char *a, const char *b)
{
	while (*a != '\0' && text_lower(*a) == text_lower(*b)) {
		a++;
		b++;
	}
	return text_lower(*a) == text_lower(*b);
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Equal characters in front cost nothing and never need an edit. At the first difference each of the four edits is tried,
 * with one edit less to spend: 4^most steps, no storage. */
unsigned text_distance(const char *a, const char *b, unsigned most)
{
	unsigned best;

	assert(most <= 8);
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	if (most == 0)
		return 1;
	best = most;
	if (*a != '\0')
		best = smaller(best, text_distance(a + 1, b, most - 1));
	if (*b != '\0')
		best = smaller(best, text_distance(a, b + 1, most - 1));
	if (*a != '\0' && *b != '\0') {
		best = smaller(best, text_distance(a + 1, b + 1, most - 1));
		if (a[0] == b[1] && a[1] == b[0])
			best = smaller(best, text_distance(a + 2, b + 2, most - 1));
	}
	return best + 1;
}

const char *text_nearer(const char *key, const char *best, const char *name)
{
	/* Two edits, but fewer in a short name: "user" is not meant by "mode". */
	unsigned most = strlen(key) < 6 ? 1 : 2, distance;

	if (best)
		most = text_distance(key, best, most);
	distance = text_distance(key, name, most);
	return distance < most || (!best && distance == most) ? name : best;
}

int text_copy(char *to, size_t cap, const char *s)
{
	size_t n = strlen(s);
	size_t fits = n < cap ? n : cap - 1;

	assert(cap > 0);
	memcpy(to, s, fits);
	to[fits] = '\0';
	return fits == n ? 0 : -ENAMETOOLONG;
}
