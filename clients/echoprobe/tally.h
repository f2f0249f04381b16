/* SPDX-License-Identifier: MIT */
/*
 * All figures of one flow, one size or one interval: sums, to which a packet's fate is added as soon as it is known, and
 * which merge. Of any packets, the tally is the merge of the tallies of their parts.
 *
 * What depends on other packets (order, loss periods, variation) is found out by the modules of these names, which follow
 * one flow; here their findings are summed. Adding costs the same whatever was added before.
 */
#pragma once

#include <stdint.h>

#include "echoprobe/histogram.h"
#include "echoprobe/losses.h"
#include "echoprobe/moments.h"
#include "echoprobe/order.h"

/* Counts of packets; none ever falls. */
struct tally_packets {
	uint64_t sent;
	uint64_t received;      /* answers, first copies only, whatever they took                                */
	uint64_t late;          /* of them, those that took longer than the time-out                             */
	uint64_t timed_out;     /* had no answer when the time-out had passed                                    */
	uint64_t recovered;     /* of them, those that were answered after all: lost = timed_out - recovered     */
	uint64_t duplicated;    /* further copies                                                                */
	uint64_t reordered;     /* RFC 4737 section 3.3                                                          */
	uint64_t corrupted;     /* the same length, other octets                                                 */
	uint64_t truncated;     /* shorter, whatever is in them                                                  */
	uint64_t lengthened;    /* longer                                                                        */
	uint64_t other_address; /* a copy from elsewhere: neither received nor lost                              */
	uint64_t unrelated;     /* no packet of this run                                                         */
	uint64_t forgotten;     /* answers to packets so old that their loss is final; they stay lost            */
	uint64_t send_failed;   /* not sent                                                                      */
	uint64_t skipped;       /* slots of the schedule that passed without a packet                            */
};

/* Of these counts, those of packets that the server was asked to do it to (wire/impairment.h). */
struct tally_expected {
	uint64_t timed_out;
	uint64_t recovered;
	uint64_t duplicated;
	uint64_t reordered;
	uint64_t corrupted;
	uint64_t truncated;
};

/* The jitter of RFC 3550 after each of its packets. */
struct tally_jitter {
	struct moments each_ns;
	double max_ns;
	double last_ns;          /* of the packet that arrived last                 */
	int64_t last_arrived_ns; /* which tells it when tallies are merged          */
};

/* Zeroed memory is an empty tally: 74 KiB. */
struct tally {
	struct tally_packets packets;
	struct tally_expected expected;
	uint64_t sent_bytes;
	uint64_t received_bytes;
	uint64_t periods;             /* loss periods that have ended                          */
	struct losses_period longest; /* of two of the same length, the one of longer duration */
	uint64_t extent_max;          /* RFC 4737 section 4.2.3 */
	int64_t late_time_max_ns;     /* RFC 4737 section 4.3.3 */
	struct histogram rtt;
	struct moments rtt_ns; /* mean and standard deviation of the same values */
	struct tally_jitter jitter;
	struct moments ipdv_abs_ns; /* |IPDV|, RFC 5481 section 4.1 */
	struct histogram ipdv_abs;  /* of the same values           */
};

enum tally_content { TALLY_INTACT, TALLY_CORRUPTED, TALLY_TRUNCATED, TALLY_LENGTHENED };
enum tally_promptness { TALLY_IN_TIME, TALLY_LATE };

/* The first answer to a packet. */
struct tally_answer {
	enum tally_content content;
	enum tally_promptness promptness;
	uint32_t bytes;
	int64_t rtt_ns;
	struct order_place place;
	uint8_t faults; /* those that the server was asked for; bits of enum impairment_fault */
};

void tally_sent(struct tally *t, uint32_t bytes);
void tally_received(struct tally *t, const struct tally_answer *answer);

/* J is known after a packet that arrived at arrived_ns, by any clock that is the same for all; a loss period has ended; an
 * IPDV is known. */
void tally_jitter(struct tally *t, double jitter_ns, int64_t arrived_ns);
void tally_period(struct tally *t, const struct losses_period *period);
void tally_ipdv(struct tally *t, int64_t ipdv_ns);

/* Every other event is a count that its owner raises itself: t->packets.duplicated++ and so on. */

void tally_merge(struct tally *to, const struct tally *from);

/* Packets without an answer whose time-out has passed. Of an interval in which more came back than timed out: 0. */
uint64_t tally_lost(const struct tally *t);

/* Packet delay variation (RFC 5481 section 4.2): how far the RTT's percentile is above its minimum. False where that is
 * unknown. */
bool tally_pdv(const struct tally *t, unsigned per_mille, int64_t *ret_ns) must_check;
