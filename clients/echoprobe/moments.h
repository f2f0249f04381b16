/* SPDX-License-Identifier: MIT */
/* Mean and standard deviation of values that come one by one (Welford 1962), mergeable (Chan, Golub, LeVeque 1979). */
#pragma once

#include <stdint.h>

/* Zeroed memory is empty. */
struct moments {
	uint64_t n;
	double mean;
	double squares; /* sum of squared distances from the mean */
};

void moments_add(struct moments *m, double value);
void moments_merge(struct moments *to, const struct moments *from);

/* Of a sample, over n - 1; 0 of fewer than two values. */
double moments_stddev(const struct moments *m);
