/* SPDX-License-Identifier: MIT */
/*
 * Takes a file of quotes apart once, so that qotd only copies.
 *
 * Flow: line by line into a quote with storage of its own (a quote is short), and each finished quote to the end of one
 * block.
 */
#include "service/quotes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define TAB_COLUMNS 8
#define FILE_BYTES_MAX (64 << 20) /* so that places in the block fit 32 bits */

struct place {
	uint32_t at; /* in the block */
	uint32_t bytes;
};

struct quotes {
	struct place *places;
	size_t n;
	char *block;
	uint32_t block_bytes;
};

/* The place that the reading has come to, and the quote under way. */
struct reader {
	struct lines lines;
	struct quotes *quotes;
	struct text quote;
	char storage[QUOTES_BYTES_MAX + 1];
	struct lines_fault fault; /* for -EINVAL */
};

static bool is_percent(const char *s, size_t n)
{
	return n == 1 && s[0] == '%';
}

static bool has_percent_line(const char *text, size_t n)
{
	struct lines lines = { .at = text, .end = text + n };
	const char *line;
	size_t line_n;

	while (lines_next(&lines, &line, &line_n))
		if (is_percent(line, line_n))
			return true;
	return false;
}

/* Room for one more place: the array doubles whenever their number is a power of two, so it needs no capacity. 0 or
 * -ENOMEM. */
static int make_room(struct quotes *q)
{
	struct place *more;

	if ((q->n & (q->n - 1)) != 0)
		return 0;
	more = reallocarray(q->places, q->n == 0 ? 1 : 2 * q->n, sizeof(*more));
	if (!more)
		return -ENOMEM;
	q->places = more;
	return 0;
}

/* Moves the quote under way into the block; nothing happens where there is none. 0 or -ENOMEM. */
static int end_quote(struct reader *r)
{
	struct quotes *q = r->quotes;
	size_t n = r->quote.len;
	int err;

	/* Blank lines at the end are the file's layout. */
	while (n >= 4 && memcmp(r->storage + n - 4, "\r\n\r\n", 4) == 0)
		n -= 2;
	if (n == 0)
		return 0;
	err = make_room(q);
	if (err < 0)
		return err;
	q->places[q->n++] = (struct place){ .at = q->block_bytes, .bytes = (uint32_t)n };
	memcpy(q->block + q->block_bytes, r->storage, n);
	q->block_bytes += (uint32_t)n;
	r->quote = TEXT_OVER(r->storage);
	return 0;
}

static int refuse(struct reader *r, unsigned line, const char *why)
{
	r->fault.line = line;
	r->fault.why = why;
	return -EINVAL;
}

/* Adds a line to the quote under way; blank ones before its first are left out. 0 or -EINVAL. */
static int add_line(struct reader *r, const char *s, size_t n)
{
	size_t begin = r->quote.len;

	if (begin == 0) {
		if (n == 0)
			return 0;
		r->fault.line = r->lines.line;
	}
	for (size_t i = 0; i < n && !r->quote.cut; i++) {
		size_t column = r->quote.len - begin;

		if (s[i] == '\t')
			text_add_bytes(&r->quote, "        ", TAB_COLUMNS - column % TAB_COLUMNS);
		else if (s[i] >= 0x20 && s[i] <= 0x7E)
			text_add_bytes(&r->quote, s + i, 1);
		else
			return refuse(r, r->lines.line, "a byte that is not printing ASCII (RFC 865)");
	}
	text_add(&r->quote, "\r\n");
	if (r->quote.cut)
		return refuse(r, r->fault.line, "the quote is longer than 511 bytes as sent, with CR LF (RFC 865)");
	return 0;
}

static int read_quotes(struct reader *r, bool by_percent)
{
	const char *line;
	size_t n;
	int err = 0;

	while (err == 0 && lines_next(&r->lines, &line, &n)) {
		if (by_percent ? is_percent(line, n) : n == 0)
			err = end_quote(r);
		else
			err = add_line(r, line, n);
	}
	if (err == 0)
		err = end_quote(r);
	if (err == 0 && r->quotes->n == 0)
		err = refuse(r, 1, "no quote in it");
	return err;
}

int quotes_parse(const char *text, size_t n, struct quotes **ret, struct lines_fault *ret_fault)
{
	struct reader r = { .lines = { .at = text, .end = text + n } };
	struct quotes *q;
	int err;

	r.quote = TEXT_OVER(r.storage);
	if (n > FILE_BYTES_MAX) {
		*ret_fault = (struct lines_fault){ 1, "the file is larger than 64 MiB" };
		return -EINVAL;
	}
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	r.quotes = q;
	q->block = malloc(n * TAB_COLUMNS +
			  2); /* a file of tabs with one line end missing; what is not used is never touched */
	err = q->block ? read_quotes(&r, has_percent_line(text, n)) : -ENOMEM;
	if (err < 0) {
		*ret_fault = r.fault;
		quotes_free(q);
		return err;
	}
	*ret = q;
	return 0;
}

void quotes_free(struct quotes *q)
{
	if (!q)
		return;
	free(q->places);
	free(q->block);
	free(q);
}

size_t quotes_n(const struct quotes *q)
{
	return q->n;
}

const char *quotes_at(const struct quotes *q, size_t i, size_t *ret_bytes)
{
	*ret_bytes = q->places[i].bytes;
	return q->block + q->places[i].at;
}
