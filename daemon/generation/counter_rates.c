/* SPDX-License-Identifier: MIT */
/* Rates: what each listener did between the supervisor's last two looks at its counters. */
#include "generation/counter_rates.h"

#include <string.h>

#include "base/clock.h"

void counter_rates_begin(struct counter_rates *r, uint64_t now_ns)
{
	r->span_ns = r->at_ns ? now_ns - r->at_ns : 0;
	r->at_ns = now_ns;
	memset(&r->all_gained, 0, sizeof(r->all_gained));
}

static uint64_t gain(const _Atomic uint64_t *now, const _Atomic uint64_t *before)
{
	return atomic_load_explicit(now, memory_order_relaxed) - atomic_load_explicit(before, memory_order_relaxed);
}

void counter_rates_note(struct counter_rates *r, uint32_t row, const struct counters *sum)
{
	struct counters *before = &r->sum[row], *gained = &r->gained[row];

#define GAIN(name) gained->name = gain(&sum->name, &before->name);
	COUNTERS(GAIN)
#undef GAIN
	for (unsigned i = 0; i < REFUSALS_N; i++) {
		gained->refused[i] = gain(&sum->refused[i], &before->refused[i]);
		gained->dry_run[i] = gain(&sum->dry_run[i], &before->dry_run[i]);
	}
	memset(before, 0, sizeof(*before));
	counters_sum(before, sum);
	counters_sum(&r->all_gained, gained);
}

void counter_rates_forget(struct counter_rates *r, uint32_t row)
{
	memset(&r->sum[row], 0, sizeof(r->sum[row]));
	memset(&r->gained[row], 0, sizeof(r->gained[row]));
}

uint64_t counter_rates_per_s(const struct counter_rates *r, uint64_t n)
{
	return r->span_ns ? (uint64_t)((double)n * (double)CLOCK_S_NS / (double)r->span_ns + 0.5) : 0;
}

uint64_t counter_rates_refused(const struct counters *c)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < REFUSALS_N; i++)
		n += atomic_load_explicit(&c->refused[i], memory_order_relaxed);
	return n;
}
