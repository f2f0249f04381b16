/* SPDX-License-Identifier: MIT */
/*
 * The sources refused lately, with the reasons, in a few places of fixed memory.
 *
 * Lossy by design: a source has one place, found by a hash. The source that is refused most keeps a place that others hash
 * to as well: each refusal of another takes one off its weight, and only at zero is it replaced. So sources that are refused
 * often stay through a flood of others that are refused once.
 *
 * Process: a block a worker, written by it alone (and, of the fork model, by its children, and by the supervisor when a
 * listener is forgotten: one of two who write at once gives way). Anybody reads it at any time: a place that is being
 * written is passed over.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "admission/refusal.h"

#define OFFENDERS_N 64
#define OFFENDERS_STALE_NS (10 * UINT64_C(1000000000)) /* after which a place is anybody's */

/* A source that was refused by a listener for a reason. */
struct offence {
	struct addr source; /* a prefix: masked */
	uint32_t row;       /* the listener's   */
	enum refusal why;
};

struct offenders {
	struct offenders_place {
		_Alignas(64) _Atomic uint32_t version; /* odd while it is written */
		uint32_t weight;
		struct offence offence;
		uint64_t count; /* refusals since the source has this place; 0: the place is free */
		uint64_t last_ns;
	} places[OFFENDERS_N];
};

/* Notes n more refusals of a source. */
void offenders_note(struct offenders *o, const struct offence *offence, uint32_t n, uint64_t now_ns);

/* Forgets the refusals of a row whose listener has gone. */
void offenders_forget(struct offenders *o, uint32_t row);

/* Reads place i (below OFFENDERS_N). False: no source has it, it is being written, or it says what cannot be: the row
 * is below TABLE_ROWS_MAX, the reason below REFUSALS_N. */
struct offender {
	struct offence offence;
	uint64_t count, last_ns; /* as in its place */
};
bool offenders_read(const struct offenders *o, uint32_t i, struct offender *ret);
