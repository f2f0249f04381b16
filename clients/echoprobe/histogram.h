/* SPDX-License-Identifier: MIT */
/*
 * A log-linear histogram of durations in fixed memory: 128 steps an octave from 1 ns to 2^43 ns (2.4 hours).
 *
 * A bucket's middle is at most 2^-8 (0.39 %) off any value in it; below 128 ns each value has a bucket of its own. Minimum
 * and maximum are exact. Two histograms merge to what one of all values would be.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

#define HISTOGRAM_STEPS 128 /* an octave */
#define HISTOGRAM_BITS 43   /* of the largest value that has a bucket of its own; longer ones are in the last one */
#define HISTOGRAM_BUCKETS (37 * HISTOGRAM_STEPS)

/* Zeroed memory is an empty histogram. min_ns and max_ns mean nothing while n is 0. */
struct histogram {
	uint64_t n;
	int64_t min_ns;
	int64_t max_ns;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

/* Counts a value; a negative one (a clock went back) in the bucket of 0. */
void histogram_add(struct histogram *h, int64_t value_ns);

void histogram_merge(struct histogram *to, const struct histogram *from);

/* The smallest and the largest value of bucket i, below HISTOGRAM_BUCKETS; both belong to it. */
int64_t histogram_low_ns(unsigned i);
int64_t histogram_high_ns(unsigned i);

/* The percentile of per_mille, 1 to 999 (500: the median), by nearest rank: the middle of the bucket where the count reaches
 * ceil(n * per_mille / 1000), cut to [min_ns, max_ns]. False while fewer than 1000 / (1000 - per_mille) values are known. */
bool histogram_percentile(const struct histogram *h, unsigned per_mille, int64_t *ret_ns) must_check;
