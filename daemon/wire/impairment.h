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
};

struct impairment_verdict {
	uint32_t hits;     /* bit f: fault f hits                                                 */
	size_t keep_bytes; /* IMPAIRMENT_TRUNCATE: so many octets are left; else all              */
	uint64_t flip_bit; /* IMPAIRMENT_CORRUPT: bit flip_bit % 8, the lowest 0, of octet flip_bit / 8 */
};

/* By content: of a payload of n octets. One without octets is neither corrupted nor truncated. */
struct impairment_verdict impairment_by_content(const struct impairment *i, const void *payload, size_t n);

/* By order: of the listener's datagram number `count`, of n octets. */
struct impairment_verdict impairment_by_order(const struct impairment *i, uint64_t count, size_t n);

/* Whether a fault is among the hits of a verdict. */
static inline bool impairment_hits(uint32_t hits, enum impairment_fault fault)
{
	return (hits >> fault & 1) != 0;
}
