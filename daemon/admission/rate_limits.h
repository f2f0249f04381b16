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
#include <stdbool.h>
#include <stdint.h>

#include "admission/rate_sketch.h"
#include "admission/loopguard.h"
#include "admission/refusal.h"

#define RATE_LIMITS_BYTES_MIN 65536
#define RATE_LIMITS_VERSION 3 /* bumped when the meaning of a word in its memory changes: shared_layout() */
#define RATE_LIMITS_NO_LOOP LOOPGUARD_NONE

/* A process's own, but for the words: the keys, and where everything is. */
struct rate_limits {
	struct rate_limits_words *words;
	struct loopguard loops;
	struct rate_sketch limiter;
};

/* The totals over all listeners. */
struct rate_limits_totals {
	struct rate answers, answer_bytes;
};

/* In shape->bytes (RATE_LIMITS_BYTES_MIN or more) of memory, aligned to 64 and zeroed, or used before in the same shape and
 * with the same key. */
void rate_limits_init(struct rate_limits *l, void *memory, const struct rate_sketch_shape *shape,
		      const struct siphash_key *key);

/* The part of the memory that is not the limiter's. */
size_t rate_limits_head_bytes(void);

/* Someone who wants something, and when. */
struct rate_limits_request {
	struct addr source;
	uint32_t row; /* the listener's */
	uint32_t n;   /* how many of them: datagrams, sessions; as if one came after the other */
	uint64_t now_ns;
	const uint8_t *const *payloads; /* rate_limits_loop(): the datagrams, where answers are copies of them; else NULL */
	uint32_t bytes;                 /* of each */
};

/* The number of datagrams that may be answered, and why the others not: REFUSED_RATE: not this source; REFUSED_TOTAL:
 * nobody. A source that is refused takes nothing from the totals, and who is refused by them is not charged: so a flood
 * from invented sources, however large, fills the limiter no faster than the totals let it. */
uint32_t rate_limits_answers(const struct rate_limits *l, const struct rate_limits_request *q, const struct rate *of_source,
			     const struct rate_limits_totals *totals, enum refusal *ret_why);

/* The number of answers of so many bytes that may be sent. The others: REFUSED_TOTAL. */
uint32_t rate_limits_answer_bytes(const struct rate_limits *l, const struct rate_limits_request *q,
				  const struct rate_limits_totals *totals, uint32_t bytes);

/* May a new session begin (n is 1)? REFUSED_RATE if not. */
enum refusal rate_limits_session(const struct rate_limits *l, const struct rate_limits_request *q,
				 const struct rate *of_source);

/* Notes that a source was refused for its rates, or the totals; and whether it was in the last minute, as far as is known:
 * who shares a place with another may hide it. */
void rate_limits_note_limited(const struct rate_limits *l, const struct addr *source, uint64_t now_ns);
bool rate_limits_was_limited(const struct rate_limits *l, const struct addr *source, uint64_t now_ns);

/* The datagram that is dropped in case it goes round (REFUSED_LOOP), counted from 0; or RATE_LIMITS_NO_LOOP. */
uint32_t rate_limits_loop(const struct rate_limits *l, const struct rate_limits_request *q);
