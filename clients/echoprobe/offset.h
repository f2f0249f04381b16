/* SPDX-License-Identifier: MIT */
/*
 * What the offset between two clocks is at least and at most, with certainty, when each packet was on its way.
 *
 * No delay is negative, so the offset is at most T2 - T1 and at least -(T4 - T3) of any packet (causality). That holds at
 * other times too, less by what the clocks can have drifted apart until then. Where both clocks say how wrong they are,
 * they are not farther apart than that.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "echoprobe/delay_sample.h"

enum offset_by {
	OFFSET_BY_CAUSALITY,
	OFFSET_BY_ERROR_ESTIMATES, /* and by causality                                                  */
	OFFSET_CONTRADICTED,       /* by causality: a clock is wronger than it says                     */
};

/* Of all packets together: the offset was never outside. */
struct offset {
	int64_t low_ns;
	int64_t high_ns;
	enum offset_by by;
	uint64_t steps; /* packets that contradict those before them: a clock was set, or drifts more than any should */
};

/* Sets low_ns and high_ns of n samples, one or more, in the order of t1_ns, from what each and all others say of clocks that
 * drift apart by drift_ppm at most. */
struct offset offset_find(struct delay_sample *samples, size_t n, double drift_ppm);

/* The same while packets arrive: what those until now say. Zeroed memory: no packet yet. */
struct offset_now {
	struct offset range;
	int64_t at_ns;
	uint64_t n;
};

void offset_add(struct offset_now *o, const struct delay_sample *sample);
