/* SPDX-License-Identifier: MIT */
/*
 * Who asks too often: a rate for each of any number of sources, in memory of a fixed size that all workers share.
 *
 * The structure is a count-min sketch with conservative update whose cells are buckets (rate.h). A source owns no cell. Its
 * keyed hash names one cell in each of RATE_SKETCH_ROWS rows, others share them, and its debt is at most the lowest of the
 * four. What it spends raises those cells to that lowest debt plus the price, and no cell that is higher already. So:
 *
 * - Nobody is evicted and nobody starts anew: all four cells of a source are at or above its debt at any time. It gets
 *   its rate and its burst and not one answer more, whatever sources an attacker invents beside it. (A table that evicts
 *   forgets the one source that matters as soon as a flood of invented ones runs through it.)
 * - A source that is under its rate is refused only when all four of its cells are high. Sources seen once raise low cells
 *   only. Where `a` of them a second are charged under a rate of r and a row has w cells, a cell is filled for a share of
 *   a ÷ w ÷ r of its time (the sum of that over all listeners, as they share the table), and the four are hardly ever
 *   high together while that is under 1. In 2 MiB w is 64,500: 10^6 a second leave all rates above 16 a second alone, and
 *   the 10^5 that limits.udp_answers lets through at most leave those above 1.6 alone, however many are sent. Beyond
 *   that too many are refused rather than too few.
 * - The key is secret: which sources share cells cannot be worked out from outside.
 * - Cells decay without being written: a cell is the time at which its debt is paid.
 * - A debt is time, so listeners with different rates share one table, and a new rate holds for old debts at once.
 *
 * The other structure known to hold, Knot's KRU, names its sources and gives up the lightest; here nothing is given up, and
 * the proof is one line. tests/bench/limiter_simulation.c shows it: beside 10^6 invented sources a second an attacker with
 * a limit of 50 a second and a burst of 100 gets 60 a second over ten seconds, which is both, and clients lose nothing.
 *
 * Nobody locks. The lowest cell is changed last, by compare-and-swap from what was seen: of two processes that charge the
 * same source at once, one begins anew. A process that is killed in between has charged too much by one at most.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "admission/rate.h"
#include "base/siphash.h"

#define RATE_SKETCH_ROWS 4
#define RATE_SKETCH_BYTES_MIN 4096

/* A process's own, but for the cells: what others could write says nothing of where anything is. */
struct rate_sketch {
	struct siphash_key key;
	uint32_t width;                  /* cells of a row                        */
	uint64_t mask_v4[2], mask_v6[2]; /* of an address, the bits of its source */
	_Atomic uint64_t *cells;         /* RATE_SKETCH_ROWS × width: the time up to which a cell is spent, or 0 */
};

/* The things that make a source, apart from its address. */
struct rate_sketch_shape {
	uint64_t bytes; /* of all memory, RATE_SKETCH_BYTES_MIN or more */
	uint8_t source_bits_v4, source_bits_v6;
};

/* A limiter in `shape->bytes` of memory, aligned to 64 and zeroed, or used before in the same shape and with the same key.
 * Any number of processes may use it. */
void rate_sketch_init(struct rate_sketch *l, void *memory, const struct rate_sketch_shape *shape,
		      const struct siphash_key *key);

/* The name of the source (prefix) of an IPv4 or IPv6 address here; `group` tells its debts apart. */
uint64_t rate_sketch_key(const struct rate_sketch *l, const struct addr *a, uint32_t group);

/* A question about a source, and what the last look found. */
struct rate_sketch_view {
	uint64_t key;            /* rate_sketch_key() */
	const struct rate *rate; /* not "none" */
	uint32_t n;              /* how many are wanted, 1 or more */
	uint64_t now_ns;
	/* rate_sketch_look() sets the rest */
	uint32_t at[RATE_SKETCH_ROWS]; /* its cells */
	uint32_t lowest;               /* of them   */
	uint64_t spent_ns;             /* what that one was */
	struct rate_cost fits;         /* what the rate has left for them */
};

/* The number that are within the rate. Changes nothing. */
uint32_t rate_sketch_look(const struct rate_sketch *l, struct rate_sketch_view *v);

/* After a look that said 1 or more: takes `n` of v->fits, which may be fewer by now; or, where others have used up the rate
 * meanwhile, what is left of it. How many. */
uint32_t rate_sketch_take(const struct rate_sketch *l, struct rate_sketch_view *v, uint32_t n);
