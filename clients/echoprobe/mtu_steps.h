/* SPDX-License-Identifier: MIT */
/*
 * The MTU of each direction with standard services only: which packet to send next, from what became of those before.
 *
 * Forward: packets that nobody may fragment go to a server whose answer is small (time, daytime, info), so that an answer
 * proves that they passed, whatever the way back; where there is none, to echo. Backward: echo, whose answers our kernel
 * tells the fragments of. Sizes are whole IP packets, in octets.
 *
 * Flow: mtu_steps_next() until it says false; after each, one of the functions that say what became of it. Pure.
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "echoprobe/mtu_search.h"
#include "echoprobe/result.h"

enum mtu_server { MTU_CONFIRMER, MTU_ECHO };

struct mtu_step {
	enum mtu_server to;
	uint32_t size_bytes;
	bool whole; /* nobody may fragment it */
};

/* An answer: its size when it was put together, and the largest fragment that it came in; 0: it came in one piece. */
struct mtu_answer {
	uint32_t size_bytes, piece_bytes;
};

enum mtu_phase { MTU_GREETS_CONFIRMER, MTU_GREETS_ECHO, MTU_FORWARD, MTU_BACKWARD, MTU_OVER };

struct mtu_steps {
	enum mtu_phase phase;
	struct mtu_step step;   /* the last one                                                       */
	bool confirmer, echo;   /* they answer                                                        */
	unsigned losses;        /* of a greeting                                                      */
	bool larger_came;       /* an answer larger than what passes forward                          */
	bool in_pieces;         /* an answer came in fragments                                        */
	bool fragments_lost;    /* requests larger than what passes forward have no answer at all     */
	uint32_t unsplit_bytes; /* the caller's: no larger packet leaves in fragments unless a router has told; 0: all do */
	uint32_t answers_most_bytes; /* the echo server answers with no more; 0: with all that it was sent */
	struct mtu_search forward, backward;
};

/* Between floor and ceiling, as mtu_search_init() has them. */
void mtu_steps_init(struct mtu_steps *s, uint32_t floor, uint32_t ceiling, bool has_confirmer);

bool mtu_steps_next(struct mtu_steps *s, struct mtu_step *ret) must_check;

/* The fate of the last step. Refused: there is no such server. too_big: a router says so, and has quoted that packet. */
void mtu_steps_answered(struct mtu_steps *s, const struct mtu_answer *answer);
void mtu_steps_lost(struct mtu_steps *s);
void mtu_steps_refused(struct mtu_steps *s);
void mtu_steps_too_big(struct mtu_steps *s, uint32_t mtu);

/* Sets what was found, but for what only the sockets know. headers_bytes: of IP and UDP. */
void mtu_steps_report(const struct mtu_steps *s, uint32_t headers_bytes, struct result_mtu *ret);
