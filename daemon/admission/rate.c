/* SPDX-License-Identifier: MIT */
/* A rate with a burst, and a shared bucket that holds to it without a lock. */
#include "admission/rate.h"

#include <assert.h>

#include "base/clock.h"

#define LONGEST_NS (UINT64_C(100) * 365 * 24 * 3600 * CLOCK_S_NS)

/* burst × period_ns ÷ amount, rounded down. The product needs more than 64 bits, and not every machine's compiler has more:
 * long division, a bit of burst a step. */
static uint64_t filling_ns(const struct rate *r)
{
	uint64_t ns = 0, rest = 0;

	for (int bit = 63; bit >= 0 && ns < LONGEST_NS; bit--) {
		rest = 2 * rest + (r->burst >> bit & 1) * r->period_ns;
		ns = 2 * ns + rest / r->amount;
		rest %= r->amount;
	}
	return ns < LONGEST_NS ? ns : LONGEST_NS;
}

void rate_settle(struct rate *r)
{
	r->burst_ns = r->one_ns = 0;
	if (r->amount == 0)
		return;
	r->burst_ns = filling_ns(r);
	r->one_ns = rate_cost_ns(r, 1);
}

uint64_t rate_cost_ns(const struct rate *r, uint64_t n)
{
	uint64_t cost_ns;

	assert(r->amount != 0 && n <= RATE_ONCE_MAX);
	/* Rounded down, so that a whole burst fits into burst_ns. */
	cost_ns = n * r->period_ns / r->amount;
	return cost_ns > 0 ? cost_ns : 1;
}

uint32_t bucket_take(struct bucket *b, const struct rate *r, const struct rate_wanted *wanted, uint64_t now_ns)
{
	struct rate_cost of = { .n = wanted->n };
	uint64_t was;

	if (r->amount == 0 || wanted->each == 0 || wanted->n == 0)
		return wanted->n;
	of.each_ns = wanted->each == 1 ? r->one_ns : rate_cost_ns(r, wanted->each);
	was = atomic_load_explicit(&b->spent_ns, memory_order_relaxed);
	do {
		of.n = wanted->n;
		of.n = rate_fit(r, was, &of, now_ns);
		if (of.n == 0)
			return 0;
	} while (!atomic_compare_exchange_weak_explicit(&b->spent_ns, &was, rate_spend(was, &of, now_ns),
							memory_order_relaxed, memory_order_relaxed));
	return of.n;
}
