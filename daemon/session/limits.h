/* SPDX-License-Identifier: MIT */
/*
 * What all workers share to hold rates: the sources' limiter, the two totals of all datagram answers, the loop guard; in
 * `limits.table` bytes of shared memory, never more.
 *
 * Process: mapped shared by the supervisor, so no fork copies it; it goes from generation to generation of workers as
 * long as its size and the source prefixes stay.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "session/limiter.h"
#include "session/loopguard.h"
#include "session/refusal.h"

#define LIMITS_BYTES_MIN 65536

struct limits; /* opaque: its layout is limits.c's */

/* The totals over all listeners. */
struct limits_totals {
	struct rate answers, answer_bytes;
};

/* In shape->bytes (LIMITS_BYTES_MIN or more) of zeroed memory, aligned to 64. */
struct limits *limits_init(void *memory, const struct limiter_shape *shape, const struct siphash_key *key);

/* Someone who wants something, and when. */
struct limits_request {
	struct addr source;
	uint32_t row; /* the listener's */
	uint64_t now_ns;
};

/* May one more datagram be answered? REFUSED_RATE: not this source; REFUSED_TOTAL: nobody. A source that is refused takes
 * nothing from the totals, and who is refused by them is not charged: so a flood from invented sources, however large,
 * fills the limiter no faster than the totals let it. */
enum refusal limits_answer(struct limits *l, const struct limits_request *q, const struct rate *of_source,
			   const struct limits_totals *totals);

/* May so many bytes be sent? REFUSED_TOTAL if not. */
enum refusal limits_answer_bytes(struct limits *l, const struct limits_request *q, const struct limits_totals *totals,
				 uint32_t bytes);

/* May a new session begin? REFUSED_RATE if not. */
enum refusal limits_session(struct limits *l, const struct limits_request *q, const struct rate *of_source);

/* REFUSED_LOOP for the datagram that is dropped in case it goes round. */
enum refusal limits_loop(struct limits *l, const struct limits_request *q);
