/* SPDX-License-Identifier: MIT */
/* A token bucket in one number: the bucket's content is the rate times the time since `spent_to_ns`, up to its size. */
#include "session/pace.h"

#include <assert.h>

#include "base/clock.h"

#define FULL_NS ((int64_t)CLOCK_S_NS / 10)

/* Rates above this are no limit in practice, and up to here no product below leaves 64 bits. */
#define RATE_MAX UINT64_C(50000000000)

static uint64_t usable_rate(uint64_t bytes_per_s)
{
	assert(bytes_per_s > 0);
	return bytes_per_s < RATE_MAX ? bytes_per_s : RATE_MAX;
}

/* The time that n bytes take, rounded up: never faster than the rate. */
static int64_t time_of(uint64_t n, uint64_t rate)
{
	return (int64_t)((n * CLOCK_S_NS + rate - 1) / rate);
}

/* The time that an empty bucket takes to fill. */
static int64_t filling_ns(uint64_t rate)
{
	int64_t least_ns = time_of(PACE_ROOM_MIN, rate);

	return least_ns > FULL_NS ? least_ns : FULL_NS;
}

/* Since when the bucket fills: what would have run over is lost. */
static int64_t filling_since_ns(const struct pace *p, uint64_t rate, uint64_t now_ns)
{
	int64_t full_ns = (int64_t)now_ns - filling_ns(rate);

	return p->spent_to_ns > full_ns ? p->spent_to_ns : full_ns;
}

void pace_begin(struct pace *p, uint64_t bytes_per_s, uint64_t now_ns)
{
	p->spent_to_ns = (int64_t)now_ns - filling_ns(usable_rate(bytes_per_s));
}

uint64_t pace_room(const struct pace *p, uint64_t bytes_per_s, uint64_t now_ns)
{
	uint64_t rate = usable_rate(bytes_per_s);
	int64_t span_ns = (int64_t)now_ns - filling_since_ns(p, rate, now_ns);

	return span_ns > 0 ? (uint64_t)span_ns * rate / CLOCK_S_NS : 0;
}

void pace_spend(struct pace *p, uint64_t bytes_per_s, size_t n, uint64_t now_ns)
{
	uint64_t rate = usable_rate(bytes_per_s);

	assert(n <= pace_room(p, bytes_per_s, now_ns));
	p->spent_to_ns = filling_since_ns(p, rate, now_ns) + time_of(n, rate);
}

uint64_t pace_ready_ns(const struct pace *p, uint64_t bytes_per_s)
{
	uint64_t rate = usable_rate(bytes_per_s);
	int64_t half_ns = filling_ns(rate) / 2;
	int64_t least_ns = time_of(PACE_ROOM_MIN, rate);
	int64_t at_ns = p->spent_to_ns + (half_ns > least_ns ? half_ns : least_ns);

	return at_ns > 0 ? (uint64_t)at_ns : 0;
}
