/* SPDX-License-Identifier: MIT */
/* The flat list between the settings reader and its parent: kept, written, and taken apart with every length checked. */
#include "settings/items.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ERRNO_MAX 4095

/* One item on the wire; path, file and value follow, each with a NUL that its length does not count. Both ends are one
 * build. */
struct wire {
	uint32_t kind, line;
	uint64_t path_n, file_n, value_n;
	int64_t number, mtime_unix_s;
};

/* Doubling: a list of n items is copied log n times. */
int items_add(struct items *f, const struct item *item)
{
	if (f->n == f->cap) {
		size_t cap = f->cap == 0 ? 256 : f->cap * 2;
		struct item *items = reallocarray(f->list, cap, sizeof(*items));

		if (!items)
			return -ENOMEM;
		f->list = items;
		f->cap = cap;
	}
	f->list[f->n++] = *item;
	return 0;
}

void items_done(struct items *f)
{
	free(f->list);
	*f = (struct items){ 0 };
}

struct item *items_find(const struct items *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->list[i].kind <= ITEM_OPTION && strcmp(f->list[i].path, path) == 0)
			return &f->list[i];
	return NULL;
}

const struct item *items_find_named(const struct items *f, enum item_kind kind, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->list[i].kind == kind && strcmp(f->list[i].path, name) == 0)
			return &f->list[i];
	return NULL;
}

/* The dot matters: "log" holds "log.level" and not "logs". */
bool items_is_below(const struct item *item, const char *path)
{
	size_t n = strlen(path);

	return strncmp(item->path, path, n) == 0 && item->path[n] == '.';
}

const char *items_kind_name(enum item_kind kind)
{
	static const char *const names[] = {
		[ITEM_GROUP] = "a group",          [ITEM_ARRAY] = "an array", [ITEM_LIST] = "a list",
		[ITEM_INTEGER] = "a whole number", [ITEM_FLOAT] = "a number", [ITEM_STRING] = "a string",
		[ITEM_BOOL] = "a boolean",         [ITEM_OPTION] = "a text",
	};

	return (size_t)kind < array_n(names) ? names[kind] : "something else";
}

static void write_text(FILE *to, const char *s, size_t n)
{
	(void)fwrite(s, 1, n, to);
	(void)fputc('\0', to);
}

/* The FILE buffers and keeps its first error, so each item need not be checked. */
void items_write(FILE *to, const struct item *item)
{
	const char *path = item->path ? item->path : "", *file = item->file ? item->file : "";
	size_t path_n = strlen(path), file_n = strlen(file);
	struct wire w = {
		.kind = (uint32_t)item->kind,
		.line = item->line,
		.path_n = path_n,
		.file_n = file_n,
		.value_n = item->value_n,
		.number = item->number,
		.mtime_unix_s = item->mtime_unix_s,
	};

	(void)fwrite(&w, sizeof(w), 1, to);
	write_text(to, path, path_n);
	write_text(to, file, file_n);
	if (item->value)
		write_text(to, item->value, item->value_n);
	else if (item->value_n == 0)
		write_text(to, "", 0);
}

/* The text of n bytes and a NUL at *at, moved behind it. NULL if the bytes end before. */
static const char *take_text(const char **at, const char *end, uint64_t n)
{
	const char *text = *at;

	if (n >= (uint64_t)(end - text) || text[n] != '\0')
		return NULL;
	*at = text + n + 1;
	return text;
}

/* One item at *at, moved behind it. */
static int take_item(const char **at, const char *end, struct item *ret)
{
	struct wire w;

	if ((size_t)(end - *at) < sizeof(w))
		return -EBADMSG;
	memcpy(&w, *at, sizeof(w));
	*at += sizeof(w);
	if (w.kind >= ITEM_KINDS || w.path_n >= ITEM_PATH_MAX || w.number < -ERRNO_MAX || w.number > UINT16_MAX)
		return -EBADMSG;
	*ret = (struct item){
		.kind = (enum item_kind)w.kind, .line = w.line, .number = w.number, .mtime_unix_s = w.mtime_unix_s
	};
	ret->path = take_text(at, end, w.path_n);
	if (!ret->path || strlen(ret->path) != w.path_n)
		return -EBADMSG;
	ret->file = take_text(at, end, w.file_n);
	if (!ret->file || strlen(ret->file) != w.file_n)
		return -EBADMSG;
	ret->value = take_text(at, end, w.value_n);
	ret->value_n = (size_t)w.value_n;
	return ret->value ? 0 : -EBADMSG;
}

/* An item may be of any kind but only in a whole list: ITEM_END is what tells it from a cut one. */
int items_parse(const char *bytes, size_t n, struct items *ret)
{
	const char *at = bytes, *end = bytes + n;
	struct items f = { 0 };
	struct item item;
	int r = 0;

	while (r == 0 && at < end) {
		r = take_item(&at, end, &item);
		if (r == 0)
			r = items_add(&f, &item);
	}
	if (r == 0 && (f.n == 0 || f.list[f.n - 1].kind != ITEM_END))
		r = -EBADMSG;
	if (r < 0) {
		items_done(&f);
		return r;
	}
	*ret = f;
	return 0;
}
