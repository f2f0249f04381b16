/* SPDX-License-Identifier: MIT */
/*
 * Order of arrival of one flow (RFC 4737): which packets are reordered, how far, and how late.
 *
 * A packet is told at its arrival, its first copy only. Only packets that raised the highest number so far can be the first
 * one that overtook another, so those alone are remembered: the last `capacity` of them, in memory of the caller's.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ORDER_CAPACITY 65536 /* what a flow's ring commonly has */

struct order_high {
	uint64_t seq;
	uint64_t at; /* how many packets had arrived before */
	int64_t arrived_ns;
};

struct order {
	struct order_high *ring;
	size_t capacity;  /* a power of two                                          */
	uint64_t high_n;  /* record highs so far; the ring has the last of them      */
	uint64_t arrived; /* packets                                                 */
	uint64_t next;    /* NextExp of RFC 4737 section 3.3                         */
};

/* The place of a packet in the order. */
struct order_place {
	uint64_t extent;      /* RFC 4737 section 4.2.3; 0: in order. At least this where the ring has lost its overtaker */
	int64_t late_time_ns; /* RFC 4737 section 4.3.3: after the first packet that overtook it; 0 in order */
};

/* An order over `capacity` places, a power of two, which the caller keeps as long as the order. */
void order_init(struct order *o, struct order_high *ring, size_t capacity);

/* The packet of number seq arrives at arrived_ns. */
struct order_place order_add(struct order *o, uint64_t seq, int64_t arrived_ns);
