/* SPDX-License-Identifier: MIT */
/*
 * A rate with a burst, and the bucket that holds to it: one word, the time up to which everything is spent.
 *
 * The level of such a bucket is the time that its debt takes to be paid off: it falls by itself, nobody writes it down.
 * So a bucket that nobody uses costs nothing, and two rates may be held against one word. Times are whole nanoseconds of
 * CLOCK_MONOTONIC: a rate is exact to one part in a thousand up to a million a second.
 */
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rate {
	uint64_t amount; /* each period_ns; 0: no limit, and nothing else is set       */
	uint64_t period_ns;
	uint64_t burst;    /* at once, out of a bucket that is full                      */
	uint64_t burst_ns; /* how long an empty bucket fills: burst × period_ns ÷ amount */
	uint64_t one_ns;   /* what one costs: period_ns ÷ amount, 1 or more              */
};

#define RATE_MAX (UINT64_C(1) << 40)      /* of amount and burst                             */
#define RATE_ONCE_MAX (UINT64_C(1) << 20) /* of what is taken at once: no product below leaves 64 bits */

/* Some that cost the same. */
struct rate_wanted {
	uint64_t each; /* of the rate's amount */
	uint32_t n;
};
struct rate_cost {
	uint64_t each_ns;
	uint32_t n;
};

/* Sets burst_ns, the longest of which is a hundred years, and one_ns from the rest. */
void rate_settle(struct rate *r);

/* The cost of n, in nanoseconds of the rate; 1 or more. */
uint64_t rate_cost_ns(const struct rate *r, uint64_t n);

/* Of n that cost cost_ns each, how many a bucket gives at now_ns that is spent up to spent_ns. One that is full gives one at
 * any cost: no datagram is too long for ever. */
static inline uint32_t rate_fit(const struct rate *r, uint64_t spent_ns, const struct rate_cost *of, uint64_t now_ns)
{
	uint64_t most_ns = r->burst_ns > of->each_ns ? r->burst_ns : of->each_ns;
	uint64_t debt_ns = spent_ns > now_ns ? spent_ns - now_ns : 0;
	uint64_t left_ns = most_ns > debt_ns ? most_ns - debt_ns : 0;

	if (of->n == 1)
		return of->each_ns <= left_ns;
	assert(of->each_ns != 0);
	return left_ns / of->each_ns < of->n ? (uint32_t)(left_ns / of->each_ns) : of->n;
}

/* Up to when it is spent once they are taken. */
static inline uint64_t rate_spend(uint64_t spent_ns, const struct rate_cost *of, uint64_t now_ns)
{
	return (spent_ns > now_ns ? spent_ns : now_ns) + of->n * of->each_ns;
}

/* A bucket in memory that several processes share. */
struct bucket {
	_Alignas(64) _Atomic uint64_t spent_ns;
};

/* Takes as many as it holds, as if they were taken one after the other. How many. */
uint32_t bucket_take(struct bucket *b, const struct rate *r, const struct rate_wanted *wanted, uint64_t now_ns);
