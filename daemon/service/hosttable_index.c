/* SPDX-License-Identifier: MIT */
/* Puts a host table's entries into the order of their kinds and makes its two indexes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "service/hosttable_private.h"

/* An index entry while it is sorted. */
struct pair {
	uint32_t key, entry;
};

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_by_name(const void *a, const void *b, void *table)
{
	const struct hosttable *t = table;
	const struct pair *x = a, *y = b;
	int order = hosttable_compare_names(t->strings + x->key, t->strings + y->key);

	return order != 0 ? order : compare_numbers(x->entry, y->entry);
}

static int compare_by_address(const void *a, const void *b, void *table)
{
	const struct hosttable *t = table;
	const struct pair *x = a, *y = b;
	int order = hosttable_compare_addresses(&t->addresses[x->key], &t->addresses[y->key]);

	return order != 0 ? order : compare_numbers(x->entry, y->entry);
}

/* Sorts the pairs and keeps them, each but once: an entry that says a name twice is found once. 0 or -ENOMEM. */
static int make_index(struct hosttable *t, struct pair *pairs, uint32_t n, struct hosttable_index *ret)
{
	/* Keys that are equal are in the order of their entries, so that what is found is ascending. */
	int (*order)(const void *, const void *, void *) = ret == &t->by_name ? compare_by_name : compare_by_address;

	/* One more than n, for malloc(0) may be NULL. */
	ret->keys = reallocarray(NULL, n + 1, sizeof(ret->keys[0]));
	ret->entries = reallocarray(NULL, n + 1, sizeof(ret->entries[0]));
	if (!ret->keys || !ret->entries)
		return -ENOMEM;
	qsort_r(pairs, n, sizeof(pairs[0]), order, t);
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0 && order(&pairs[i - 1], &pairs[i], t) == 0)
			continue;
		ret->keys[ret->n] = pairs[i].key;
		ret->entries[ret->n++] = pairs[i].entry;
	}
	return 0;
}

/* Stable: within a kind the order of the file stays. 0 or -ENOMEM. */
static int order_by_kind(struct hosttable *t)
{
	struct hosttable_entry *ordered = reallocarray(NULL, t->entries_n + 1, sizeof(ordered[0]));
	uint32_t n = 0;

	if (!ordered)
		return -ENOMEM;
	for (unsigned kind = 0; kind < HOSTTABLE_KINDS; kind++) {
		for (uint32_t i = 0; i < t->entries_n; i++)
			if (t->entries[i].kind == kind)
				ordered[n++] = t->entries[i];
		t->kind_end[kind] = n;
	}
	free(t->entries);
	t->entries = ordered;
	return 0;
}

/* A key is the place of a name in the strings; the names of an entry stand one after another there. */
static int index_names(struct hosttable *t, struct pair *pairs)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->entries_n; i++) {
		uint32_t at = t->entries[i].names_at;

		for (uint32_t k = 0; k < t->entries[i].names_n; k++) {
			pairs[n++] = (struct pair){ .key = at, .entry = i };
			at += (uint32_t)strlen(t->strings + at) + 1;
		}
	}
	return make_index(t, pairs, n, &t->by_name);
}

static int index_addresses(struct hosttable *t, struct pair *pairs)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->entries_n; i++)
		for (uint32_t k = 0; k < t->entries[i].addresses_n; k++)
			pairs[n++] = (struct pair){ .key = t->entries[i].addresses_at + k, .entry = i };
	return make_index(t, pairs, n, &t->by_address);
}

int hosttable_index_make(struct hosttable *t)
{
	uint32_t names_n = 0, most;
	int err = -ENOMEM;

	for (uint32_t i = 0; i < t->entries_n; i++)
		names_n += t->entries[i].names_n;
	most = names_n > t->addresses_n ? names_n : t->addresses_n;
	cleanup_free struct pair *pairs = reallocarray(NULL, most + 1, sizeof(pairs[0]));
	if (pairs)
		err = order_by_kind(t);
	if (err == 0)
		err = index_names(t, pairs);
	if (err == 0)
		err = index_addresses(t, pairs);
	return err;
}
