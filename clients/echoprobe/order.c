/* SPDX-License-Identifier: MIT */
/* Record highs have rising numbers, so the first that overtook a packet is found by bisection. */
#include "echoprobe/order.h"

#include <assert.h>

void order_init(struct order *o, struct order_high *ring, size_t capacity)
{
	assert(capacity != 0 && (capacity & (capacity - 1)) == 0);
	*o = (struct order){ .ring = ring, .capacity = capacity };
}

static struct order_high *high(const struct order *o, uint64_t n)
{
	return &o->ring[n & (o->capacity - 1)];
}

/* The earliest record high above seq; the last one always is. */
static const struct order_high *overtaker(const struct order *o, uint64_t seq)
{
	uint64_t from = o->high_n > o->capacity ? o->high_n - o->capacity : 0, to = o->high_n - 1;

	while (from < to) {
		uint64_t middle = from + (to - from) / 2;

		if (high(o, middle)->seq > seq)
			to = middle;
		else
			from = middle + 1;
	}
	return high(o, from);
}

struct order_place order_add(struct order *o, uint64_t seq, int64_t arrived_ns)
{
	struct order_place place = { 0 };
	uint64_t at = o->arrived++;

	if (seq >= o->next) {
		o->next = seq + 1;
		*high(o, o->high_n++) = (struct order_high){ .seq = seq, .at = at, .arrived_ns = arrived_ns };
	} else {
		const struct order_high *first = overtaker(o, seq);

		place = (struct order_place){ .extent = at - first->at, .late_time_ns = arrived_ns - first->arrived_ns };
	}
	return place;
}
