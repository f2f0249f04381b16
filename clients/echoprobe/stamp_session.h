/* SPDX-License-Identifier: MIT */
/* The state that the stamp test keeps of its flow: between stamp.c, which fills it, and stamp_report.c, which reads it. */
#pragma once

#include "base/clock.h"
#include "echoprobe/direction.h"
#include "echoprobe/histogram.h"
#include "echoprobe/oneway.h"
#include "echoprobe/result.h"
#include "echoprobe/stamp_extras.h"
#include "echoprobe/variation.h"
#include "wire/stamp_clock.h"

#define US_NS 1000

struct stamp_session {
	uint64_t *sent; /* T1 of each packet that is remembered, as it is on the wire; slots_n of them */
	struct direction_place *places;
	struct order_high *highs; /* of both directions */
	size_t slots_n, highs_n;  /* powers of two      */
	size_t unpadded_n;        /* octets of a packet before its padding TLV */

	struct clock_status here;
	struct stamp_error there; /* of the last answer                                     */
	int64_t clock_ns;         /* wall clock - CLOCK_MONOTONIC when the first answer came */

	struct direction direction;
	struct oneway oneway;
	struct delay_sample samples[ONEWAY_CAPACITY];
	struct histogram remote; /* T3 - T2 */
	struct variation forward, backward;
	double forward_jitter_ns, backward_jitter_ns; /* J of RFC 3550 */

	int ttl_there, ttl_here;    /* of the last packet that came; 0: none yet, or not known */
	uint64_t dscp_seen;         /* of answers: as in struct result_direction              */
	uint8_t ecn_seen;           /* likewise                                               */
	uint64_t estimates_missing; /* answers whose Error Estimate has a Multiplier of 0     */
	uint64_t ssid_missing;      /* answers that did not bring our SSID back               */

	struct stamp_extras extras;

	struct oneway_result found; /* all three are made anew for each result */
	struct result_directions directions;
	struct result_stamp stamp;
};
