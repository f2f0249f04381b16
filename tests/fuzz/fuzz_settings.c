/* SPDX-License-Identifier: MIT */
/*
 * The text of the settings through the reader's functions, without its process and without the files that it names. What
 * is taken is written by -T as a text that makes the same settings; an option is its key's line.
 *
 * Input: an option, "KEY=VALUE", up to the first NUL, where there is one; then the text.
 * Covers: daemon/settings/scan.c daemon/settings/flatten.c daemon/settings/tokens.c daemon/settings/token_limits.c
 * daemon/settings/items.c daemon/settings/apply.c daemon/settings/assign.c daemon/settings/check.c daemon/settings/clash.c
 * daemon/settings/dump.c daemon/settings/origins.c daemon/settings/issues.c
 */
#include "settings_here.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "settings/flatten.h"
#include "settings/scan.h"
#include "reader_memory.h"

/* The reader's own way, reader_write(), but for gather_write(): what settings name is the machine's. */
static int write_list(const struct settings_source *source, FILE *to)
{
	struct item error = { .kind = ITEM_ERROR, .path = "", .file = "" };
	const struct item end = { .kind = ITEM_END, .value = "" };
	struct scan scan = { 0 };
	struct items items = { 0 };
	int r = scan_read(&scan, source->file);

	if (r == 0)
		r = flatten_text(&scan, &items);
	if (r < 0) {
		MUST(scan.problem[0] != '\0' && strlen(scan.problem) < sizeof(scan.problem));
		error.number = scan.failed;
		error.value = scan.problem;
		error.value_n = strlen(scan.problem);
		items_write(to, &error);
	} else {
		MUST(flatten_options(&items, source->overrides, source->overrides_n) == 0);
		for (size_t i = 0; i < items.n; i++)
			items_write(to, &items.list[i]);
	}
	items_write(to, &end);
	return r;
}

int __wrap_reader_run(const struct settings_source *source, struct reader_result *ret)
{
	char *bytes = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&bytes, &n);

	*ret = (struct reader_result){ 0 };
	MUST(to);
	reader_memory_begin();
	(void)write_list(source, to);
	(void)fflush(to);
	reader_memory_end(bytes);
	MUST(fclose(to) == 0);
	ret->bytes = bytes;
	MUST(items_parse(ret->bytes, n, &ret->items) == 0); /* what the reader writes, its parent reads */
	return 0;
}

/* A text as a file; the path is the same each time, as -T says it in nothing but comments. */
static char *read_text(const char *text, size_t n, const struct settings_override *option)
{
	struct settings_source source = { .overrides = option, .overrides_n = option != NULL };
	char path[64], *dump;
	int fd = memfd_create("settings", MFD_CLOEXEC);

	MUST(fd >= 0 && fchmod(fd, 0600) == 0 && write(fd, text, n) == (ssize_t)n);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	source.file = path;
	dump = settings_here(&source);
	close(fd);
	return dump;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *nul = n > 0 ? memchr(data, 0, n) : NULL;
	char *option = nul ? fuzz_exact(data, (size_t)(nul - data), true) : NULL, *first, *again;
	struct settings_override o;
	bool has_option = option && settings_split_override(option, &o) == 0;
	const uint8_t *text = nul ? nul + 1 : data;

	first = read_text((const char *)text, n - (size_t)(text - data), has_option ? &o : NULL);
	if (first) {
		again = read_text(first, strlen(first), NULL);
		MUST(again && strcmp(first, again) == 0);
		free(again);
	}
	free(first);
	free(option);
	return 0;
}
