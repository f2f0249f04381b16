/* SPDX-License-Identifier: MIT */
/* Durations: how many were how long. */
#include "shared/histogram.h"

/* A millisecond to an hour: lookups are at the short end, sessions anywhere. */
const uint64_t histogram_bounds_us[HISTOGRAM_BOUNDS_N] = { 1000,    5000,    25000,    100000,    500000,
							   1000000, 5000000, 30000000, 300000000, 3600000000 };

static void add_relaxed(_Atomic uint64_t *word, uint64_t n)
{
	atomic_fetch_add_explicit(word, n, memory_order_relaxed);
}

void histogram_add(struct histogram *h, uint64_t duration_ns)
{
	uint64_t us = duration_ns / 1000;
	unsigned i = 0;

	while (i < HISTOGRAM_BOUNDS_N && us > histogram_bounds_us[i])
		i++;
	add_relaxed(&h->n[i], 1);
	add_relaxed(&h->sum_us, us);
}

void histogram_sum(struct histogram *to, const struct histogram *from)
{
	for (unsigned i = 0; i <= HISTOGRAM_BOUNDS_N; i++)
		add_relaxed(&to->n[i], atomic_load_explicit(&from->n[i], memory_order_relaxed));
	add_relaxed(&to->sum_us, atomic_load_explicit(&from->sum_us, memory_order_relaxed));
}
