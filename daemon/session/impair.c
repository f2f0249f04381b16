/* SPDX-License-Identifier: MIT */
/* The harm that a listener does to its answers on purpose. */
#include "session/impair.h"

#include <assert.h>

#include "base/attr.h"
#include "base/clock.h"

const char *impair_name(enum impaired i)
{
	static const char *const names[] = { "drop",    "duplicate", "corrupt",     "truncate", "delay",
					     "reorder", "rate",      "close_after", "overflow" };

	_Static_assert(array_n(names) == IMPAIRED_N, "a name is missing");
	assert(i < IMPAIRED_N);
	return names[i];
}

bool impair_does_to_datagrams(const struct impair_rules *r)
{
	for (unsigned f = 0; f < IMPAIRMENT_PLACES; f++)
		if (r->drawn.share_ppm[f] != 0)
			return true;
	return false;
}

bool impair_does_anything(const struct impair_rules *r)
{
	return r->delay_ns != 0 || r->drawn.jitter_ns != 0 || r->rate_bytes_per_s != 0 || r->close_after_bytes != 0 ||
	       impair_does_to_datagrams(r);
}

struct impairment_verdict impair_draw(const struct impair_rules *r, const void *request, size_t n, uint64_t count)
{
	return r->by == IMPAIR_BY_CONTENT ? impairment_by_content(&r->drawn, request, n)
					  : impairment_by_order(&r->drawn, count);
}

/* The time that the rate takes for so many bytes, which are a message's: 64 bits are enough. */
static uint64_t time_of(uint64_t bytes_per_s, size_t bytes)
{
	return bytes_per_s != 0 ? (uint64_t)bytes * CLOCK_S_NS / bytes_per_s : 0;
}

struct impair_leave impair_send(const struct impair_rules *r, struct impair_way *way, const struct impair_answer *a,
				uint64_t now_ns)
{
	struct impair_leave leave = { .at_ns = clock_add(now_ns, clock_add(r->delay_ns, a->jitter_ns)) };

	leave.delayed = leave.at_ns > now_ns;
	if (way->free_ns > leave.at_ns) {
		leave.paced = r->rate_bytes_per_s != 0;
		leave.at_ns = way->free_ns;
	}
	way->free_ns = clock_add(leave.at_ns, time_of(r->rate_bytes_per_s, a->bytes));
	return leave;
}
