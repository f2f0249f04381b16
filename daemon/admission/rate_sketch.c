/* SPDX-License-Identifier: MIT */
/* A rate for each of any number of sources: a count-min sketch of buckets, updated conservatively. */
#include "admission/rate_sketch.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#include "base/bytes.h"

/* Once, so that a datagram's price is two words' masking. */
static void make_mask(uint16_t family, const struct rate_sketch_shape *shape, uint64_t ret[2])
{
	struct addr all = { .family = family };

	memset(all.bytes, 0xFF, sizeof(all.bytes));
	all = addr_source(&all, shape->source_bits_v4, shape->source_bits_v6);
	memcpy(ret, all.bytes, sizeof(all.bytes));
}

void rate_sketch_init(struct rate_sketch *l, void *memory, const struct rate_sketch_shape *shape,
		      const struct siphash_key *key)
{
	assert(shape->bytes >= RATE_SKETCH_BYTES_MIN);
	*l = (struct rate_sketch){ .key = *key,
				   .width = (uint32_t)(shape->bytes / sizeof(l->cells[0]) / RATE_SKETCH_ROWS),
				   .cells = memory };
	make_mask(AF_INET, shape, l->mask_v4);
	make_mask(AF_INET6, shape, l->mask_v6);
}

uint64_t rate_sketch_key(const struct rate_sketch *l, const struct addr *a, uint32_t group)
{
	const uint64_t *mask = a->family == AF_INET ? l->mask_v4 : l->mask_v6;
	uint64_t name[3] = { (uint64_t)a->family << 32 | group };

	memcpy(name + 1, a->bytes, sizeof(a->bytes));
	name[1] &= mask[0];
	name[2] &= mask[1];
	/* Most sources have no second half. The hash knows how much it was given, so none is like one that has. */
	return siphash(&l->key, name, name[2] != 0 ? 24 : 16);
}

/* A source's cell in a row. The rows' hashes are made of two: that leaves the sketch's error as it is (Kirsch and
 * Mitzenmacher 2008). */
static uint32_t cell_of(const struct rate_sketch *l, uint64_t key, uint32_t row)
{
	uint32_t hash = (uint32_t)key + row * (uint32_t)(key >> 32 | 1);

	return row * l->width + (uint32_t)((uint64_t)hash * l->width >> 32);
}

uint32_t rate_sketch_look(const struct rate_sketch *l, struct rate_sketch_view *v)
{
	v->spent_ns = UINT64_MAX;
	v->lowest = 0;
	for (uint32_t i = 0; i < RATE_SKETCH_ROWS; i++) {
		uint64_t spent_ns;

		v->at[i] = cell_of(l, v->key, i);
		spent_ns = atomic_load_explicit(&l->cells[v->at[i]], memory_order_relaxed);
		if (spent_ns < v->spent_ns) {
			v->spent_ns = spent_ns;
			v->lowest = i;
		}
	}
	v->fits = (struct rate_cost){ .each_ns = v->rate->one_ns, .n = v->n };
	v->fits.n = rate_fit(v->rate, v->spent_ns, &v->fits, v->now_ns);
	return v->fits.n;
}

static void raise_to(_Atomic uint64_t *cell, uint64_t least)
{
	uint64_t was = atomic_load_explicit(cell, memory_order_relaxed);

	while (was < least &&
	       !atomic_compare_exchange_weak_explicit(cell, &was, least, memory_order_relaxed, memory_order_relaxed))
		continue;
}

uint32_t rate_sketch_take(const struct rate_sketch *l, struct rate_sketch_view *v, uint32_t n)
{
	v->n = v->fits.n = n;
	do {
		uint64_t next_ns = rate_spend(v->spent_ns, &v->fits, v->now_ns);

		for (uint32_t i = 0; i < RATE_SKETCH_ROWS; i++)
			if (i != v->lowest)
				raise_to(&l->cells[v->at[i]], next_ns);
		/* Release: who sees this one raised sees the others raised. */
		if (atomic_compare_exchange_strong_explicit(&l->cells[v->at[v->lowest]], &v->spent_ns, next_ns,
							    memory_order_acq_rel, memory_order_relaxed))
			return v->fits.n;
	} while (rate_sketch_look(l, v) != 0);
	return 0;
}
