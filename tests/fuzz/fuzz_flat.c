/* SPDX-License-Identifier: MIT */
/*
 * The flat list that the settings reader writes, from one that writes anything: it is refused, or makes settings that are
 * written whole.
 *
 * Input: items as `KIND PATH\0FILE\0NUMBER(2)LENGTH(1)VALUE`, or, where the first octet is 0xFF, the bytes of the pipe.
 * Covers: daemon/settings/items.c daemon/settings/load.c daemon/settings/load_file.c daemon/settings/load_stamp.c
 */
#include "settings_here.h"

static struct fuzz list;

/* The text up to the next NUL. */
static const char *take_text(struct fuzz *f)
{
	const uint8_t *end = f->n > 0 ? memchr(f->at, 0, f->n) : NULL;
	const char *text = (const char *)f->at;

	if (!end)
		return "";
	f->n -= (size_t)(end + 1 - f->at);
	f->at = end + 1;
	return text;
}

/* The items of an input as the reader writes them: the fuzzer need not find out the lengths. */
static void write_items(struct fuzz f, FILE *to)
{
	static const struct item end = { .kind = ITEM_END, .value = "", .path = "", .file = "" };

	while (f.n > 0) {
		struct item item = { .kind = (enum item_kind)(fuzz_octet(&f) % ITEM_END), .line = 1 };
		size_t n;

		item.path = take_text(&f);
		item.file = take_text(&f);
		item.number = (int16_t)fuzz_number(&f, 2);
		n = fuzz_octet(&f);
		n = n < f.n ? n : f.n;
		char *value = fuzz_exact(f.at, n, true);
		item.value = value;
		item.value_n = n;
		f.at += n;
		f.n -= n;
		items_write(to, &item);
		free(value);
	}
	items_write(to, &end);
}

int __wrap_reader_run(const struct settings_source *source maybe_unused, struct reader_result *ret)
{
	size_t n = list.n;
	FILE *to;

	*ret = (struct reader_result){ 0 };
	if (list.n > 0 && list.at[0] == 0xFF) {
		n--;
		ret->bytes = fuzz_exact(list.at + 1, n, false);
	} else {
		to = open_memstream(&ret->bytes, &n);
		MUST(to);
		write_items(list, to);
		MUST(fclose(to) == 0);
	}
	return items_parse(ret->bytes, n, &ret->items) == 0 ? 0 : -EINVAL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	list = (struct fuzz){ data, n };
	free(settings_here(&(struct settings_source){ .file = "t.conf" }));
	return 0;
}
