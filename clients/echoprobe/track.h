/* SPDX-License-Identifier: MIT */
/*
 * One flow from its first packet to its last answer: what is sent, answered, and not answered in time goes in, and its
 * figures are added to tallies as soon as they are known.
 *
 * Flow: track_sent() ... track_answered() ... track_expired(), in any mixture; then track_end(). A packet whose time-out has
 * passed is timed out; an answer after that still counts, until the packet is forgotten (pending.h) or the flow ends. Loss
 * periods and IPDV need final fates in the order of sending, so they are added then, and not before.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "echoprobe/losses.h"
#include "echoprobe/order.h"
#include "echoprobe/pending.h"
#include "echoprobe/tally.h"
#include "echoprobe/variation.h"

struct track {
	struct pending pending;
	struct order order;
	struct losses losses;
	struct variation variation;
	int64_t timeout_ns;
	uint64_t warmup;  /* packets before this number are not counted         */
	uint64_t settled; /* packets before this number have their final fate   */
	struct tally *run, *part, *interval;
	struct tally *into[3]; /* those of them that there are */
	unsigned into_n;
};

/* Memory of the caller's, which keeps it as long as the track. */
struct track_memory {
	struct pending_slot *slots;
	size_t slots_n; /* pending_capacity() */
	struct order_high *highs;
	size_t highs_n; /* a power of two; more than slots_n are of no use */
};

void track_init(struct track *t, const struct track_memory *memory, uint64_t timeout_ns, uint64_t warmup);

/* The tallies to which is added what becomes known from now on; interval: or NULL. */
void track_count_in(struct track *t, struct tally *run, struct tally *interval);

/* After track_end(): what is sent from now on belongs together, and is added here too. Of what was sent before nothing is
 * remembered. Before the first packet as well. */
void track_begin_part(struct track *t, struct tally *part);

/* The number of the packet that is sent next. */
uint64_t track_next(const struct track *t);

/* Notes a packet that was sent at sent_ns (CLOCK_MONOTONIC). Returns its place, in which the caller keeps clock_ns,
 * stamp_ns and faults. */
struct pending_slot *track_sent(struct track *t, int64_t sent_ns, uint32_t bytes);

/* Notes a packet that could not be sent: it has no fate. */
void track_failed(struct track *t, int64_t at_ns);

/* An answer. */
struct track_answer {
	uint64_t seq; /* pending_find(): PENDING_KNOWN      */
	enum tally_content content;
	uint32_t bytes;
	int64_t rtt_ns;
	int64_t arrived_ns; /* the same clock for all */
};

enum track_verdict { TRACK_OK, TRACK_LATE, TRACK_DUPLICATE };

/* Counts an answer; of what comes twice, the first alone is measured. An answer to a packet that was not sent is a duplicate
 * as well. */
enum track_verdict track_answered(struct track *t, const struct track_answer *answer);

/* Events that happen to no packet of the flow. */
enum track_event { TRACK_OTHER_ADDRESS, TRACK_UNRELATED, TRACK_FORGOTTEN, TRACK_SKIPPED };

void track_count(struct track *t, enum track_event event, uint64_t n);

/* Times out the next packet that has waited long enough at now_ns; false: none. */
bool track_expired(struct track *t, int64_t now_ns, uint64_t *ret_seq) must_check;

/* The time when track_expired() finds the next one; CLOCK_NEVER: nothing is under way. */
uint64_t track_deadline_ns(struct track *t);

/* No packet and no answer follows: all that wait have timed out, and every fate is final. at_ns: when the next packet would
 * have been sent. */
void track_end(struct track *t, int64_t at_ns);
