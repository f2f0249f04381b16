/* SPDX-License-Identifier: MIT */
/*
 * Which is the largest packet that passes: sizes that were tried and what became of them go in, the next size comes out
 * (RFC 8899). Sizes are whole IP packets, in octets.
 *
 * Flow: mtu_search_next() until it says 0; after each, one of passed, lost or too_big.
 */
#pragma once

#include <stdint.h>

#define MTU_SEARCH_BASE 1200     /* BASE_PLPMTU, RFC 8899 section 5.1.2                         */
#define MTU_SEARCH_PROBES_MOST 3 /* MAX_PROBES: a size that is lost so often does not pass       */

enum mtu_search_state {
	MTU_SEARCHING,
	MTU_FOUND,
	MTU_NOTHING_PASSES, /* not even the smallest */
};

/* The reasons why sizes above the largest that passes do not. */
enum mtu_search_by {
	MTU_BY_CEILING, /* they were not tried: the interface has no larger ones */
	MTU_BY_ROUTER,  /* a router said so                                      */
	MTU_BY_SEARCH,  /* they vanish                                           */
	MTU_BY_PIECES,  /* they come in fragments                                */
};

struct mtu_search {
	enum mtu_search_state state;
	uint32_t floor, ceiling;
	uint32_t passed; /* the largest that did; 0: none yet         */
	uint32_t failed; /* the smallest that did not                 */
	uint32_t hint;   /* the next one to try, as the caller or a router has it; 0: none */
	uint32_t trying;
	unsigned losses; /* of it in a row                            */
	enum mtu_search_by by;
};

/* Between floor, the least that the protocol demands (68, IPv6: 1280), and ceiling, the interface's, both included. */
void mtu_search_init(struct mtu_search *m, uint32_t floor, uint32_t ceiling);

/* The size to try now; 0: the search is over. */
uint32_t mtu_search_next(struct mtu_search *m);

/* The fate of a packet of that size. */
void mtu_search_passed(struct mtu_search *m);
void mtu_search_lost(struct mtu_search *m);

/* A router said that packets of that size are too big, and mtu is not; the caller has seen that it quotes ours. A word that
 * cannot be true (RFC 8899 section 4.6) is left out, and is a loss. */
void mtu_search_too_big(struct mtu_search *m, uint32_t mtu);

/* The packet came in fragments, the largest of which has `piece` octets: so much passes, and `trying` does not. */
void mtu_search_in_pieces(struct mtu_search *m, uint32_t piece);

/* The time to wait for an answer: RFC 8899 section 5.1.1 allows no less than a second. */
uint64_t mtu_search_timer_ns(uint64_t rtt_ns);
