/* SPDX-License-Identifier: MIT */
/* The parts of a host table: for hosttable.c, which looks things up, and the three files that make it. */
#pragma once

#include "service/hosttable.h"

/* Texts are places in the table's strings; 0 is the empty one. */
struct hosttable_entry {
	enum hosttable_kind kind;
	uint32_t addresses_at, addresses_n;
	uint32_t names_at, names_n; /* one after another, each with its NUL */
	uint32_t cpu, system, protocols;
};

/* An index: keys ascending, with the entries they belong to. A key is a place in the strings, or in the addresses. */
struct hosttable_index {
	uint32_t *keys;
	uint32_t *entries;
	uint32_t n;
};

struct hosttable {
	int64_t mtime_unix_s;
	struct hosttable_entry *entries;
	uint32_t entries_n;
	uint32_t kind_end[HOSTTABLE_KINDS]; /* one past the last entry of each kind */
	char *strings;
	uint32_t strings_n; /* bytes */
	struct addr *addresses;
	uint32_t addresses_n;
	struct hosttable_index by_name, by_address;
};

/* The order of the indexes: <0, 0, >0. Names regardless of case, addresses regardless of port. */
int hosttable_compare_names(const char *a, const char *b);
int hosttable_compare_addresses(const struct addr *a, const struct addr *b);

/* Of hosttable_entry.c: takes an entry's text apart (in place) and adds it. 0, -ENOMEM, or -EINVAL with what is wrong.
 * The strings have room for as many bytes as the text has, and one. */
int hosttable_entry_add(struct hosttable *t, char *text, const char **ret_why) must_check;

/* Of hosttable_index.c: orders the entries by kind and fills both indexes. 0 or -ENOMEM. */
int hosttable_index_make(struct hosttable *t) must_check;
