/* SPDX-License-Identifier: MIT */
/*
 * Delays of each direction, of a reflector that says when it received and sent (STAMP, RFC 8762), with clocks that nobody
 * has to trust: every delay is an interval that contains the truth, and its variation is exact.
 *
 * Flow: oneway_add() a packet, then once oneway_find().
 * Owns: nothing; samples are in memory of the caller's. Of more packets than it holds every second one is kept, then every
 * fourth, and so on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "echoprobe/delay_sample.h"
#include "echoprobe/histogram.h"
#include "echoprobe/moments.h"
#include "echoprobe/offset.h"
#include "echoprobe/skew.h"

#define ONEWAY_CAPACITY 65536 /* samples that a run commonly has: 3 MiB */

/* The least that it takes to correct a skew: with less, a queue that grows looks the same. */
#define ONEWAY_SKEW_NS (60 * INT64_C(1000000000))
#define ONEWAY_SKEW_PACKETS 100

struct oneway {
	struct delay_sample *samples;
	size_t capacity;
	size_t n;
	uint64_t seen;       /* packets                        */
	uint64_t every;      /* of so many packets one is kept */
	uint64_t impossible; /* as oneway_add() says           */
	struct offset_now so_far;
};

/* Capacity: even. */
void oneway_init(struct oneway *o, struct delay_sample *samples, size_t capacity);

/* The times when a packet was sent and received, in nanoseconds of the clock of each. Ours must not be set within a run:
 * it is the wall clock at its start and CLOCK_MONOTONIC from there on. error_ns: as in struct delay_sample; unknown if
 * the wall clock was set since. */
struct oneway_packet {
	int64_t t1_ns, t2_ns, t3_ns, t4_ns;
	int64_t error_ns;
};

/* The knowledge of one packet's delays when it arrives: the truth is at most bound_ns from each. */
struct oneway_delays {
	int64_t forward_ns;
	int64_t backward_ns;
	int64_t bound_ns;
};

/* Adds a packet. False: it left the reflector before it came, was longer in it than under way, or took years: a clock was
 * set in between, or lies. It is counted as impossible. */
bool oneway_add(struct oneway *o, const struct oneway_packet *packet, struct oneway_delays *ret_delays) must_check;

enum oneway_form {
	ONEWAY_PLUS_MINUS, /* the bound is at most a quarter of the least round trip: a number with a bound says it */
	ONEWAY_BETWEEN,    /* it is not: say the least delay's limits, and how much more others took               */
};

/* A direction. */
struct oneway_direction {
	int64_t least_ns;     /* delay of the fastest packet: the middle of what is possible, +- bound_ns */
	int64_t least_low_ns; /* its limits                                                              */
	int64_t least_high_ns;
	struct histogram pdv; /* what each packet took more (RFC 5481 section 4.2)                       */
	struct moments pdv_ns;
};

struct oneway_result {
	enum oneway_form form;
	struct offset offset; /* their clock - ours; of a corrected skew: in the middle of the run        */
	int64_t offset_ns;    /* its middle                                                               */
	int64_t bound_ns;     /* and half its width                                                       */
	enum oneway_skew { ONEWAY_SKEW_UNKNOWN, ONEWAY_SKEW_CORRECTED } skew_state;
	struct skew skew;     /* where it is corrected                                                    */
	int64_t least_rtt_ns; /* without the time in the reflector                                        */
	struct oneway_direction forward, backward;
};

/* All of it; false: there is no packet. The samples get their order and their bounds, and more may be added after. */
bool oneway_find(struct oneway *o, struct oneway_result *ret_result) must_check;
