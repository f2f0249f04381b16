/* SPDX-License-Identifier: MIT */
/*
 * Delay variation of one flow: the jitter of RFC 3550, and the difference between neighbours of RFC 5481 (IPDV).
 *
 * A delay may have an unknown constant in it, as the offset of the other clock: it cancels in both.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

/* Zeroed memory: no packet yet. */
struct variation {
	enum variation_seen { VARIATION_NOTHING, VARIATION_STARTED } arrivals, neighbours;
	int64_t transit_ns;   /* of the packet that arrived last           */
	double jitter_ns;     /* J of RFC 3550 section 6.4.1               */
	uint64_t next_seq;    /* the number that the next neighbour has    */
	int64_t neighbour_ns; /* the delay of the one before it            */
};

/* A packet arrives whose delay is transit_ns: packets in the order of their arrival. True: ret_jitter_ns is J after it (RFC
 * 3550 appendix A.8). False: it is the first, and there is none yet. */
bool variation_arrived(struct variation *v, int64_t transit_ns, double *ret_jitter_ns) must_check;

/* The packet of number seq took delay_ns: packets in the order of their sending, lost ones left out. True: its predecessor
 * came back as well, and ret_ipdv_ns is D(seq) - D(seq - 1) (RFC 5481 section 4.1). */
bool variation_in_order(struct variation *v, uint64_t seq, int64_t delay_ns, int64_t *ret_ipdv_ns) must_check;
