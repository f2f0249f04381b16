/* SPDX-License-Identifier: MIT */
/* A packet's two ways as two clocks measured them, and what that says about the offset between the clocks. */
#pragma once

#include <stdint.h>

/* The most by which two clocks drift apart: RFC 5905 has a clock corrected by 500 ppm at most. */
#define DELAY_DRIFT_PPM 500

#define DELAY_NO_ERROR (INT64_MAX / 4) /* of error_ns: at least one clock does not say how wrong it is */
#define DELAY_MOST_NS (INT64_MAX / 8)  /* of either way, less than no, so that no sum is too large      */

enum delay_way { DELAY_FORWARD, DELAY_BACKWARD };

/* T1 is our sending, T2 their receiving, T3 their sending, T4 our receiving (RFC 8762): the offset, their clock - ours, is
 * in forward with a plus and in backward with a minus. What the clocks drift apart within one round trip is neglected. */
struct delay_sample {
	int64_t t1_ns;
	int64_t way_ns[2]; /* by enum delay_way: T2 - T1, T4 - T3                                     */
	int64_t error_ns;  /* the sum of both clocks' error estimates; DELAY_NO_ERROR: unknown        */
	int64_t turned_ns; /* so much of a skew was taken out of the offset                           */
	int64_t low_ns;    /* what the offset is at least and at most, less turned_ns (offset.h)      */
	int64_t high_ns;
};

/* The round trip without the time in the reflector. */
static inline int64_t delay_rtt_ns(const struct delay_sample *s)
{
	return s->way_ns[DELAY_FORWARD] + s->way_ns[DELAY_BACKWARD];
}
