/* SPDX-License-Identifier: MIT */
/*
 * Which faults a datagram gets on purpose: the same for each who knows the seed, the shares and the datagram. So a listener
 * that impairs its answers can be told from a path that does.
 *
 * A fault hits where SipHash-2-4 of the datagram, keyed by the seed and the fault's place, is under the fault's share of all
 * hashes. In the order of places, each by itself; a datagram that is dropped has no other fault.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Places in the list of a listener's keys: the hash's key has them, so they stay. */
enum impairment_fault {
	IMPAIRMENT_DROP = 0,
	IMPAIRMENT_DUPLICATE = 1,
	IMPAIRMENT_CORRUPT = 2,
	IMPAIRMENT_TRUNCATE = 3,
	IMPAIRMENT_REORDER = 6,
};

#define IMPAIRMENT_PLACES 7
#define IMPAIRMENT_WHOLE_PPM 1000000 /* a share of all */

struct impairment {
	uint64_t seed;
	uint32_t share_ppm[IMPAIRMENT_PLACES]; /* by enum impairment_fault, parts in a million; 0: never */
	uint64_t jitter_ns;                    /* what is drawn for each is less; 0: nothing is drawn    */
};

/* The outcome of drawing for one request. */
struct impairment_verdict {
	uint32_t hits;      /* bit f: fault f hits                                          */
	uint64_t keep;      /* IMPAIRMENT_TRUNCATE: keep mod n of an answer's n octets are left */
	uint64_t flip;      /* IMPAIRMENT_CORRUPT: bit flip mod 8n of them is flipped, bit 0 the lowest of the first */
	uint64_t jitter_ns; /* of its delay                                                 */
};

/* By content: of a request with a payload of n octets. */
struct impairment_verdict impairment_by_content(const struct impairment *i, const void *payload, size_t n);

/* By order: of the listener's request number `count`. */
struct impairment_verdict impairment_by_order(const struct impairment *i, uint64_t count);

/* Corrupts an answer of n octets where that hits, and says how many octets are left of it. An answer without octets is
 * neither corrupted nor truncated: these hits are taken back. */
size_t impairment_apply(struct impairment_verdict *v, uint8_t *answer, size_t n);

/* Whether a fault is among the hits of a verdict. */
static inline bool impairment_hits(uint32_t hits, enum impairment_fault fault)
{
	return (hits >> fault & 1) != 0;
}
