/* SPDX-License-Identifier: MIT */
/*
 * What is in a packet: a header by which its answer is recognised, and a fill of which every octet is known.
 *
 *   0  magic    4    16  tag  8, SipHash-2-4 of the 16 octets before, with the run's key
 *   4  run      4    24  fill, computed from (run, number): nothing is stored, and each wrong bit is found
 *   8  number   4
 *  12  flow     2
 *  14  version  2    numbers in network byte order
 *
 * A packet of 16 to 23 octets has no tag, one of 4 to 15 octets its number alone, a shorter one nothing but fill.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"
#include "echoprobe/plan.h"
#include "echoprobe/tally.h"

#define PAYLOAD_MAGIC UINT32_C(0x6563686f) /* "echo" */
#define PAYLOAD_VERSION 1
#define PAYLOAD_HEADER 24   /* octets: recognised for sure                                        */
#define PAYLOAD_UNTAGGED 16 /* from here on: by magic, run, number and flow, which can be forged  */
#define PAYLOAD_NUMBERED 4  /* from here on: by the number alone                                  */

/* A run. The caller keeps the text as long as this. */
struct payload {
	uint32_t run;           /* random                                       */
	struct siphash_key key; /* random, known to nobody                      */
	enum plan_fill fill;
	const char *text; /* PLAN_FILL_TEXT: repeated; not empty          */
	size_t text_n;
};

/* The packet of the run. */
struct payload_id {
	uint32_t seq; /* its number, the low 32 bits                  */
	uint16_t flow;
};

enum payload_found {
	PAYLOAD_FOUND,    /* it is this packet                                                             */
	PAYLOAD_DAMAGED,  /* no valid header: a stranger's, an old run's, or one damaged on the way (match.h) */
	PAYLOAD_NAMELESS, /* packets of this size have no number: answers belong to them in their order    */
};

/* Writes the packet `id` of n octets. */
void payload_write(const struct payload *p, const struct payload_id *id, uint8_t *to, size_t n);

/* Octets that arrived. */
struct payload_octets {
	const uint8_t *at;
	size_t n;
};

/* Finds the packet that it answers, where packets of sent_n octets were sent. ret_id where PAYLOAD_FOUND. */
enum payload_found payload_read(const struct payload *p, size_t sent_n, const struct payload_octets *answer,
				struct payload_id *ret_id);

/* The difference of an answer from its packet. */
struct payload_damage {
	enum tally_content content;
	uint64_t bits;   /* wrong ones among the octets that both have */
	size_t first_at; /* offset of the first wrong octet; where bits is 0: of the first that only one of both has */
};

/* A packet that was sent. */
struct payload_packet {
	struct payload_id id;
	size_t n; /* octets */
};

/* Compares an answer with its packet. Gives up where more than most_bits are wrong: then bits is more than most_bits, and
 * less than the truth. UINT64_MAX: never. */
struct payload_damage payload_compare(const struct payload *p, const struct payload_packet *packet,
				      const struct payload_octets *answer, uint64_t most_bits);
