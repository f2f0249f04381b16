/* SPDX-License-Identifier: MIT */
/*
 * A rate with a burst, and the bucket that holds to it: one word, the time up to which everything is spent.
 *
 * The level of such a bucket is the time that its debt takes to be paid off: it falls by itself, nobody writes it down.
 * So a bucket that nobody uses costs nothing, and two rates may be held against one word. Times are whole nanoseconds of
 * CLOCK_MONOTONIC: a rate is exact to one part in a thousand up to a million a second.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rate {
	uint64_t amount; /* each period_ns; 0: no limit, and nothing else is set       */
	uint64_t period_ns;
	uint64_t burst;    /* at once, out of a bucket that is full                      */
	uint64_t burst_ns; /* how long an empty bucket fills: burst × period_ns ÷ amount */
};

#define RATE_MAX (UINT64_C(1) << 40)      /* of amount and burst                             */
#define RATE_ONCE_MAX (UINT64_C(1) << 20) /* of what is taken at once: no product below leaves 64 bits */

/* Sets burst_ns from the rest; the longest is a hundred years. */
void rate_settle(struct rate *r);

/* What n cost, in nanoseconds of the rate; 1 or more. */
uint64_t rate_cost_ns(const struct rate *r, uint64_t n);

/* When a bucket that was spent up to spent_ns is spent up to when `cost_ns` more are taken from it at now_ns; 0 where it
 * does not hold that much. A bucket that is full gives any amount: no datagram is too long for ever. */
static inline uint64_t rate_spend(const struct rate *r, uint64_t spent_ns, uint64_t cost_ns, uint64_t now_ns)
{
	uint64_t from_ns = spent_ns > now_ns ? spent_ns : now_ns;
	uint64_t most_ns = r->burst_ns > cost_ns ? r->burst_ns : cost_ns;

	return from_ns + cost_ns <= now_ns + most_ns ? from_ns + cost_ns : 0;
}

/* A bucket in memory that several processes share. */
struct bucket {
	_Alignas(64) _Atomic uint64_t spent_ns;
};

/* Takes n, or nothing and false. */
bool bucket_take(struct bucket *b, const struct rate *r, uint64_t n, uint64_t now_ns);
