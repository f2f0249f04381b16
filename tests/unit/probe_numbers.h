/* SPDX-License-Identifier: MIT */
/* For tests of echoprobe's figures: random delays, the same ones in each run, and numbers that are nearly equal. */
#pragma once

#include <math.h>
#include <stdint.h>

/* SplitMix64 (Steele, Lea, Flood 2014). */
static inline uint64_t random_word(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline uint64_t random_below(uint64_t *seed, uint64_t n)
{
	return random_word(seed) % n;
}

/* Between 0 and 1, neither of them. */
static inline double random_share(uint64_t *seed)
{
	return ((double)(random_word(seed) >> 12) + 0.5) / (double)(UINT64_C(1) << 52);
}

/* Of an exponential distribution. */
static inline int64_t random_delay(uint64_t *seed, int64_t mean_ns)
{
	return (int64_t)(-log(random_share(seed)) * (double)mean_ns);
}

#define assert_within(got, wanted, tolerance) assert_true(fabs((double)(got) - (double)(wanted)) <= (tolerance))
