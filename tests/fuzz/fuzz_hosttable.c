/* SPDX-License-Identifier: MIT */
/*
 * A host table: refused with a line and a reason, or each entry is found by its names and addresses and written as a line
 * that reads back to the same.
 *
 * Covers: daemon/service/hosttable.c daemon/service/hosttable_parse.c daemon/service/hosttable_index.c
 * daemon/service/record.c daemon/base/lines.c
 */
#include "fuzz.h"

#include "service/hosttable.h"

static char line[RECORD_TEXT_MAX + 1];

static bool is_among(uint32_t entry, const uint32_t *found, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (found[i] == entry)
			return true;
	return false;
}

/* An entry written as one line is a table of that entry. */
static void check_line(const struct record *r)
{
	struct text t = TEXT_OVER(line);
	struct hosttable *again;
	struct lines_fault fault = { 0 };
	char first[RECORD_TEXT_MAX + 1];
	struct record other;

	record_add_text(&t, r);
	if (t.cut) {
		MUST(record_add_text_that_fits(&t, r));
		return;
	}
	memcpy(first, line, t.len + 1);
	MUST(hosttable_parse(&(struct hosttable_source){ first, t.len, 0 }, &again, &fault) == 0);
	other = hosttable_record(again, 0);
	t = TEXT_OVER(line);
	record_add_text(&t, &other);
	MUST(strcmp(first, line) == 0);
	hosttable_free(again);
}

static void check_entry(const struct hosttable *t, uint32_t entry)
{
	struct record r = hosttable_record(t, entry);
	const uint32_t *found;
	uint32_t n;

	MUST(r.names_n >= 1 && r.names_n <= RECORD_NAMES_MAX && r.addresses_n <= RECORD_ADDRESSES_MAX);
	for (size_t i = 0; i < r.names_n; i++) {
		MUST(record_name_valid(r.names[i], strlen(r.names[i])));
		n = hosttable_find_name(t, r.names[i], &found);
		MUST(is_among(entry, found, n));
	}
	for (size_t i = 0; i < r.addresses_n; i++) {
		n = hosttable_find_address(t, &r.addresses[i], &found);
		MUST(is_among(entry, found, n));
	}
	check_line(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = fuzz_exact(data, n, false);
	struct hosttable *t = NULL;
	struct lines_fault fault = { 0 };
	uint32_t all = 0, first;

	if (hosttable_parse(&(struct hosttable_source){ text, n, 0 }, &t, &fault) == 0) {
		for (unsigned kind = 0; kind < HOSTTABLE_KINDS; kind++) {
			uint32_t of_kind = hosttable_kind_entries(t, (enum hosttable_kind)kind, &first);

			MUST(of_kind == 0 || first == all);
			all += of_kind;
		}
		for (uint32_t i = 0; i < all; i++)
			check_entry(t, i);
	} else {
		MUST(fault.line >= 1 && fault.why != NULL);
	}
	hosttable_free(t);
	free(text);
	return 0;
}
