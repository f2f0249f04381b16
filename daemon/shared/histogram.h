/* SPDX-License-Identifier: MIT */
/* Durations: how many were how long, in shared memory, under the same rule as the other counters. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#define HISTOGRAM_BOUNDS_N 10

struct histogram {
	_Atomic uint64_t
		n[HISTOGRAM_BOUNDS_N + 1]; /* n[i]: at most bounds[i] and more than the one before; the last: longer */
	_Atomic uint64_t sum_us;
};

extern const uint64_t histogram_bounds_us[HISTOGRAM_BOUNDS_N];

void histogram_add(struct histogram *h, uint64_t duration_ns);

/* to += from; `to` is the caller's own. */
void histogram_sum(struct histogram *to, const struct histogram *from);
