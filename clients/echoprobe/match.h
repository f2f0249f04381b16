/* SPDX-License-Identifier: MIT */
/*
 * Whose answer it is when its header was damaged on the way: without this one damaged packet would count as two, one
 * unrelated and one lost.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "echoprobe/payload.h"
#include "echoprobe/pending.h"

#define MATCH_MOST 4096 /* packets that are compared, the latest sent: a flood of nonsense costs a bounded time each */

/* The packets that it may be an answer to. */
struct match {
	const struct payload *payload;
	const struct pending *pending;
	uint16_t flow;
	size_t sent_n; /* octets of each */
};

/* The packet from which the fewest bits differ, where these are under an eighth of the answer's bits and no other packet is
 * as near. Of packets as near, one that waits is nearer than one that timed out, and that nearer than one that was answered:
 * so an answer cut to nothing belongs to the only packet that waits, and a further copy of a damaged answer to its packet.
 */
bool match_nearest(const struct match *m, const struct payload_octets *answer, uint64_t *ret_seq) must_check;
