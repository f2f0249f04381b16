/* SPDX-License-Identifier: MIT */
/*
 * In which direction packets were lost, doubled and put out of order, from the numbers that a stateful reflector gives its
 * answers (RFC 8762 section 4.2).
 *
 * Our number of a packet is s. A stateful reflector counts what it sends: R is smaller than s by what was lost on the way
 * there, and what is missing among all R was lost on the way back. A stateless one sends s back as R.
 * Owns: nothing; places are in memory of the caller's.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "echoprobe/order.h"

/* A number R. */
struct direction_place {
	uint64_t seq; /* the packet that it answers */
	enum direction_seen { DIRECTION_UNSEEN, DIRECTION_ANSWER, DIRECTION_ANSWER_COPY } seen;
};

struct direction_memory {
	struct direction_place *places;
	size_t places_n; /* a power of two: as many as packets are remembered (pending.h) */
	struct order_high *forward_highs;
	struct order_high *backward_highs;
	size_t highs_n; /* of each; a power of two */
};

struct direction {
	struct direction_place *places; /* those of the last numbers, by number */
	size_t places_n;
	uint64_t first; /* the packet from which on it counts                                   */
	enum direction_origin { DIRECTION_NO_ORIGIN, DIRECTION_ORIGIN } has_origin;
	int64_t origin;       /* R - s of a packet before which nothing counted was lost              */
	uint64_t next_seq;    /* highest s answered, + 1                                         */
	uint64_t next_number; /* highest R + 1, less the origin                                  */
	uint64_t ordered;     /* numbers before this are in `forward`                            */
	uint64_t answered;    /* packets                                                         */
	uint64_t numbers;     /* different R                                                     */
	uint64_t forward_copies, backward_copies;
	uint64_t forward_reordered, backward_reordered;
	uint64_t differing;    /* answers whose R is not s                                         */
	struct order forward;  /* s in the order of R: that of their arrival there                */
	struct order backward; /* R in the order of their arrival here                           */
};

/* Packets before `first` are a warm-up. */
void direction_init(struct direction *d, const struct direction_memory *memory, uint64_t first);

struct direction_answer {
	uint64_t seq;
	uint32_t number;                                                           /* R */
	enum direction_copy { DIRECTION_FIRST_COPY, DIRECTION_FURTHER_COPY } copy; /* of what was answered for seq */
	int64_t arrived_ns;
};

void direction_add(struct direction *d, const struct direction_answer *answer);

enum direction_kind {
	DIRECTION_UNDECIDED, /* nothing happened that would tell one kind from the other                      */
	DIRECTION_STATELESS, /* or stateful with every loss on the way back: the two look alike               */
	DIRECTION_STATEFUL,
};

struct direction_counts {
	enum direction_kind kind; /* DIRECTION_STATELESS: nothing but unknown_lost is known */
	uint64_t forward_lost;    /* the three losses add up to all                         */
	uint64_t backward_lost;
	uint64_t unknown_lost;
	uint64_t forward_duplicated;
	uint64_t backward_duplicated;
	uint64_t forward_reordered;
	uint64_t backward_reordered;
};

/* The end: no more answers are waited for. next: the number of the packet that would be sent next; unsent: how
 * many numbers before it were given to packets that could not be sent. */
struct direction_counts direction_find(struct direction *d, uint64_t next, uint64_t unsent);

/* The counters of the Direct Measurement TLV (RFC 8972 section 4.5), which tell losses of a stateless reflector too; and the
 * answers that we received. */
struct direction_counters {
	uint32_t sender_tx;
	uint32_t reflector_rx;
	uint32_t reflector_tx;
	uint32_t received;
};

struct direction_losses {
	int64_t forward; /* negative: more came than were sent, as copies */
	int64_t backward;
};

/* Between two answers. */
struct direction_losses direction_between(const struct direction_counters *earlier, const struct direction_counters *later);
