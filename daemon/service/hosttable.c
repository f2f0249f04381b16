/* SPDX-License-Identifier: MIT */
/* Looks things up in a host table. */
#include "service/hosttable.h"

#include <assert.h>
#include <string.h>

#include "service/hosttable_private.h"

static const char *const kind_keys[HOSTTABLE_KINDS] = { "DOMAIN", "NET", "GATEWAY", "HOST" };

int hosttable_compare_names(const char *a, const char *b)
{
	while (*a != '\0' && text_lower(*a) == text_lower(*b)) {
		a++;
		b++;
	}
	return text_lower(*a) - text_lower(*b);
}

int hosttable_compare_addresses(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int64_t hosttable_mtime_unix_s(const struct hosttable *t)
{
	return t->mtime_unix_s;
}

uint32_t hosttable_kind_entries(const struct hosttable *t, enum hosttable_kind kind, uint32_t *ret_first)
{
	*ret_first = kind > 0 ? t->kind_end[kind - 1] : 0;
	return t->kind_end[kind] - *ret_first;
}

struct record hosttable_record(const struct hosttable *t, uint32_t entry)
{
	const struct hosttable_entry *e = &t->entries[entry];
	const char *name = t->strings + e->names_at;
	struct record r = {
		.key = kind_keys[e->kind],
		.addresses = t->addresses + e->addresses_at,
		.addresses_n = e->addresses_n,
		.names_n = e->names_n,
		.cpu = t->strings + e->cpu,
		.system = t->strings + e->system,
		.protocols = t->strings + e->protocols,
	};

	assert(entry < t->entries_n && e->names_n <= RECORD_NAMES_MAX);
	for (size_t i = 0; i < e->names_n; i++) {
		r.names[i] = name;
		name += strlen(name) + 1;
	}
	return r;
}

/* The key that is looked for: a name or an address. */
struct wanted {
	bool is_name;
	union {
		const char *name;
		const struct addr *addr;
	};
};

static int compare(const struct hosttable *t, uint32_t key, const struct wanted *w)
{
	if (w->is_name)
		return hosttable_compare_names(t->strings + key, w->name);
	return hosttable_compare_addresses(&t->addresses[key], w->addr);
}

/* The first place in the index whose key is not before what is wanted (or, with `behind`, is behind it). */
static uint32_t bisect(const struct hosttable *t, const struct hosttable_index *index, const struct wanted *w, bool behind)
{
	uint32_t low = 0, high = index->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = compare(t, index->keys[middle], w);

		if (order < 0 || (behind && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint32_t find(const struct hosttable *t, const struct hosttable_index *index, const struct wanted *w,
		     const uint32_t **ret)
{
	uint32_t first = bisect(t, index, w, false);

	*ret = index->entries + first;
	return bisect(t, index, w, true) - first;
}

uint32_t hosttable_find_name(const struct hosttable *t, const char *name, const uint32_t **ret)
{
	struct wanted w = { .is_name = true, .name = name };

	return find(t, &t->by_name, &w, ret);
}

uint32_t hosttable_find_address(const struct hosttable *t, const struct addr *a, const uint32_t **ret)
{
	struct wanted w = { .addr = a };

	return find(t, &t->by_address, &w, ret);
}
