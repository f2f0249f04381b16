/* SPDX-License-Identifier: MIT */
/* A rate with a burst, and a shared bucket that holds to it without a lock. */
#include <assert.h>

#include "base/clock.h"
#include "session/rate.h"

#define LONGEST_NS (UINT64_C(100) * 365 * 24 * 3600 * CLOCK_S_NS)

void rate_settle(struct rate *r)
{
	unsigned __int128 ns;

	r->burst_ns = 0;
	if (r->amount == 0)
		return;
	ns = (unsigned __int128)r->burst * r->period_ns / r->amount;
	r->burst_ns = ns < LONGEST_NS ? (uint64_t)ns : LONGEST_NS;
}

uint64_t rate_cost_ns(const struct rate *r, uint64_t n)
{
	uint64_t cost_ns;

	assert(r->amount != 0 && n <= RATE_ONCE_MAX);
	/* Rounded down, so that a whole burst fits into burst_ns. */
	cost_ns = n * r->period_ns / r->amount;
	return cost_ns > 0 ? cost_ns : 1;
}

bool bucket_take(struct bucket *b, const struct rate *r, uint64_t n, uint64_t now_ns)
{
	uint64_t was, next;

	if (r->amount == 0 || n == 0)
		return true;
	was = atomic_load_explicit(&b->spent_ns, memory_order_relaxed);
	do {
		next = rate_spend(r, was, rate_cost_ns(r, n), now_ns);
		if (next == 0)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&b->spent_ns, &was, next, memory_order_relaxed,
							memory_order_relaxed));
	return true;
}
