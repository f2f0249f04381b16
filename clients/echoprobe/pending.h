/* SPDX-License-Identifier: MIT */
/*
 * The packets of one flow that an answer may still belong to: a ring of the last `capacity` that were sent, in memory of the
 * caller's.
 *
 * Numbers are 64 bits wide and count up by one; the wire carries the low 32.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define PENDING_CAPACITY_MIN 1024
#define PENDING_CAPACITY_MAX (1 << 26)

enum pending_state {
	PENDING_WAITING,   /* under way                                           */
	PENDING_TIMED_OUT, /* no answer in time: lost, unless one comes after all */
	PENDING_ANSWERED,
	PENDING_UNSENT, /* its sending failed                                     */
};

struct pending_slot {
	int64_t sent_ns;  /* the program's clock, CLOCK_MONOTONIC, just before sending            */
	int64_t stamp_ns; /* the kernel's or the card's stamp, wall clock; 0: none (yet)          */
	union {
		int64_t clock_ns; /* before it is answered: wall clock - monotonic when it was sent */
		int64_t delay_ns; /* PENDING_ANSWERED: the round trip                               */
	};
	uint32_t reflected; /* a reflector's number of the first answer, where the caller has one */
	uint8_t state;      /* enum pending_state                                                 */
	uint8_t faults;     /* those that the server was asked for; bits of enum impairment_fault */
};

_Static_assert(sizeof(struct pending_slot) == 32, "half a cache line: 16 MiB for 100,000 packets a second");

struct pending {
	struct pending_slot *ring;
	size_t capacity;  /* a power of two                             */
	uint64_t next;    /* number of the packet that is sent next     */
	uint64_t floor;   /* packets before it are forgotten            */
	uint64_t oldest;  /* none before it waits                       */
	uint64_t waiting; /* how many are                               */
};

/* The number of places that it takes to remember packets for a second more than the time-out, where `burst` are sent each
 * interval: a power of two between the two above. */
size_t pending_capacity(uint64_t interval_ns, uint64_t burst, uint64_t timeout_ns);

void pending_init(struct pending *p, struct pending_slot *ring, size_t capacity);

/* Forgets all that was sent until now; nothing of it waits. */
void pending_forget(struct pending *p);

/* The number of the first packet that is remembered. */
uint64_t pending_first(const struct pending *p);

/* The place of a packet from pending_first() to before next. */
struct pending_slot *pending_slot(const struct pending *p, uint64_t seq);

/* The next packet, PENDING_WAITING or PENDING_UNSENT; forgets the oldest where all places are taken. */
struct pending_slot *pending_add(struct pending *p, enum pending_state state);

enum pending_known { PENDING_KNOWN, PENDING_FORGOTTEN, PENDING_NEVER_SENT };

/* The packet that the low 32 bits of a number mean: of all that were sent, the last. ret_seq unless PENDING_NEVER_SENT. */
enum pending_known pending_find(const struct pending *p, uint32_t low, uint64_t *ret_seq);

/* Makes a packet PENDING_ANSWERED that waited or had timed out. */
void pending_answer(struct pending *p, uint64_t seq, int64_t delay_ns);

/* The oldest that waits; false: none does. */
bool pending_oldest(struct pending *p, uint64_t *ret_seq) must_check;

/* Makes a packet that waits PENDING_TIMED_OUT. */
void pending_time_out(struct pending *p, uint64_t seq);
