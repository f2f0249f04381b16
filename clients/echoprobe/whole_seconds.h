/* SPDX-License-Identifier: MIT */
/*
 * The offset of a clock that shows whole seconds only (time, RFC 868; daytime, RFC 867), to far better than a second: an
 * answer n says that it showed n at some moment between question and answer, so it was between n and n + 1 then.
 *
 * Flow: whole_seconds_next() says when to ask so that the answer halves what is left; whole_seconds_add() takes the answer.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

/* Zeroed memory: nothing is known. */
struct whole_seconds {
	uint64_t n;     /* answers                                            */
	int64_t low_ns; /* the offset, their clock - ours, is between these   */
	int64_t high_ns;
	int64_t at_ns; /* at this time of our clock                          */
};

/* An answer; times in nanoseconds since 1970 of our clock, which must not be set in between (as in oneway.h). */
struct whole_seconds_answer {
	int64_t asked_ns;
	int64_t answered_ns;
	int64_t second; /* what it showed: seconds since 1970 */
};

/* False: it contradicts those before, and counts as the first: a clock was set. */
bool whole_seconds_add(struct whole_seconds *w, const struct whole_seconds_answer *answer) must_check;

/* The first time from not_before_ns on to ask, where an answer takes rtt_ns: at half of that their second changes, if the
 * offset is in the middle of what is left. */
int64_t whole_seconds_next(const struct whole_seconds *w, int64_t not_before_ns, int64_t rtt_ns);

/* The offset is at most bound_ns from offset_ns; false: no answer yet. */
bool whole_seconds_offset(const struct whole_seconds *w, int64_t *ret_offset_ns, int64_t *ret_bound_ns) must_check;
