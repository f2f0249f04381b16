/* SPDX-License-Identifier: MIT */
/* Slots are counted from the first one on, so no lateness adds up. */
#include "echoprobe/schedule.h"

#include <math.h>

void schedule_init(struct schedule *s, const struct plan *plan, uint64_t start_ns, uint64_t seed)
{
	*s = (struct schedule){
		.kind = plan->schedule,
		.interval_ns = plan->interval_ns,
		.burst = plan->burst,
		.due_ns = start_ns,
		.random = seed,
	};
}

/* Between 0 and 1, neither of them: SplitMix64. */
static double random_share(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return ((double)((z ^ z >> 31) >> 12) + 0.5) * 0x1p-52;
}

/* To the next slot; Poisson's gaps are exponential (RFC 2330 section 11.1.1). */
static uint64_t gap_ns(struct schedule *s)
{
	if (s->kind == PLAN_PERIODIC)
		return s->interval_ns;
	return (uint64_t)(-log(random_share(&s->random)) * (double)s->interval_ns);
}

static uint64_t missed(const struct schedule *s, uint64_t now_ns)
{
	uint64_t allowed_ns = s->interval_ns > SCHEDULE_LATE_NS ? s->interval_ns : SCHEDULE_LATE_NS;

	if (s->interval_ns == 0 || s->sent != 0 || now_ns <= s->due_ns || now_ns - s->due_ns <= allowed_ns)
		return 0;
	return (now_ns - s->due_ns - allowed_ns - 1) / s->interval_ns + 1;
}

uint64_t schedule_skip(struct schedule *s, uint64_t now_ns)
{
	uint64_t n = missed(s, now_ns);

	s->due_ns += n * s->interval_ns;
	return n;
}

uint64_t schedule_due_ns(const struct schedule *s)
{
	return s->due_ns;
}

void schedule_advance(struct schedule *s)
{
	if (++s->sent < s->burst)
		return;
	s->sent = 0;
	s->due_ns += gap_ns(s);
}
