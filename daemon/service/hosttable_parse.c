/* SPDX-License-Identifier: MIT */
/*
 * Takes a host table apart (RFC 952).
 *
 * Flow: lines without comments are joined to entries, hosttable_entry.c takes each apart, and at the end hosttable_index.c
 * makes the indexes.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "service/hosttable.h"
#include "service/hosttable_private.h"

#define FILE_BYTES_MAX (256 << 20) /* so that places fit 32 bits */

struct reader {
	struct lines lines;
	struct hosttable *table;
	/* The entry under way: its lines joined, and where it begins. */
	struct text entry;
	char storage[RECORD_TEXT_MAX];
	unsigned entry_line;
	const char *why; /* with -EINVAL */
};

static int refuse(struct reader *r, const char *why)
{
	r->why = why;
	return -EINVAL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Takes the entry that was gathered, if any. 0, -EINVAL or -ENOMEM. */
static int end_entry(struct reader *r)
{
	if (r->entry_line == 0)
		return 0;
	if (r->entry.cut)
		return refuse(r, "the entry is too long (4096 bytes)");
	return hosttable_entry_add(r->table, r->storage, &r->why);
}

/* Begins an entry with a line, or continues one. */
static int take_line(struct reader *r, const char *s, size_t n)
{
	int err = 0;

	if (n == 0)
		return 0;
	if (!is_blank(s[0])) {
		err = end_entry(r);
		r->entry = TEXT_OVER(r->storage);
		r->entry_line = err == 0 ? r->lines.line : r->entry_line;
	} else if (r->entry_line == 0) {
		r->entry_line = r->lines.line;
		return refuse(r, "a line that begins with a blank continues an entry, and there is none before it");
	}
	if (err == 0 && memchr(s, '\0', n)) {
		r->entry_line = r->lines.line;
		return refuse(r, "a NUL byte");
	}
	text_add_bytes(&r->entry, s, n);
	return err;
}

static int read_table(struct reader *r)
{
	const char *line;
	size_t n;
	int err = 0;

	while (err == 0 && lines_next(&r->lines, &line, &n))
		err = take_line(r, line, n);
	if (err == 0)
		err = end_entry(r);
	return err == 0 ? hosttable_index_make(r->table) : err;
}

int hosttable_parse(const struct hosttable_source *source, struct hosttable **ret, struct lines_fault *ret_fault)
{
	struct reader r = { .lines = { .at = source->text, .end = source->text + source->n, .comment = ';' } };
	struct hosttable *t;
	int err;

	if (source->n > FILE_BYTES_MAX) {
		*ret_fault = (struct lines_fault){ 1, "the file is larger than 256 MiB" };
		return -EINVAL;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	r.table = t;
	t->mtime_unix_s = source->mtime_unix_s;
	t->strings_n = 1;
	t->strings = calloc(1, source->n + 2); /* each string and its NUL come from as much text and a separator */
	err = t->strings ? read_table(&r) : -ENOMEM;
	if (err < 0) {
		*ret_fault = (struct lines_fault){ r.entry_line, r.why };
		hosttable_free(t);
		return err;
	}
	*ret = t;
	return 0;
}

void hosttable_free(struct hosttable *t)
{
	if (!t)
		return;
	free(t->entries);
	free(t->strings);
	free(t->addresses);
	free(t->by_name.keys);
	free(t->by_name.entries);
	free(t->by_address.keys);
	free(t->by_address.entries);
	free(t);
}
