/* SPDX-License-Identifier: MIT */
/* Answers cut an interval, which grows with the time between them. */
#include "echoprobe/whole_seconds.h"

#include "base/clock.h"
#include "echoprobe/delay_sample.h"

#define SECOND_NS ((int64_t)CLOCK_S_NS)

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

bool whole_seconds_add(struct whole_seconds *w, const struct whole_seconds_answer *answer)
{
	int64_t low_ns = answer->second * SECOND_NS - answer->answered_ns;
	int64_t high_ns = (answer->second + 1) * SECOND_NS - answer->asked_ns;
	int64_t grow_ns = (answer->answered_ns - w->at_ns) / (1000000 / DELAY_DRIFT_PPM) + 1;
	bool agrees = w->n == 0 || (low_ns <= w->high_ns + grow_ns && high_ns >= w->low_ns - grow_ns);

	if (w->n++ != 0 && agrees) {
		low_ns = larger(low_ns, w->low_ns - grow_ns);
		high_ns = -larger(-high_ns, -(w->high_ns + grow_ns));
	}
	w->low_ns = low_ns;
	w->high_ns = high_ns;
	w->at_ns = answer->answered_ns;
	return agrees;
}

static int64_t middle_ns(const struct whole_seconds *w)
{
	return w->low_ns + (w->high_ns - w->low_ns) / 2;
}

int64_t whole_seconds_next(const struct whole_seconds *w, int64_t not_before_ns, int64_t rtt_ns)
{
	/* The place in its second that their clock shows, if the offset is in the middle. */
	int64_t into_ns = (not_before_ns + rtt_ns / 2 + middle_ns(w)) % SECOND_NS;

	if (into_ns < 0)
		into_ns += SECOND_NS;
	return not_before_ns + (into_ns == 0 ? 0 : SECOND_NS - into_ns);
}

bool whole_seconds_offset(const struct whole_seconds *w, int64_t *ret_offset_ns, int64_t *ret_bound_ns)
{
	if (w->n == 0)
		return false;
	*ret_offset_ns = middle_ns(w);
	*ret_bound_ns = (w->high_ns - w->low_ns + 1) / 2;
	return true;
}
