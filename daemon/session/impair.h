/* SPDX-License-Identifier: MIT */
/*
 * The harm that a listener does to its answers on purpose: the settings, and when an answer leaves. Pure.
 *
 * Datagrams are dropped, duplicated, corrupted, cut and sent behind the next one (wire/impairment.h draws which). Datagrams
 * and streams are held back, at a rate, and streams end after so many bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/impairment.h"

enum impair_by { IMPAIR_BY_ORDER, IMPAIR_BY_CONTENT };

/* The rules. All zero: nothing is done. */
struct impair_rules {
	struct impairment drawn;
	uint64_t delay_ns;
	uint64_t rate_bytes_per_s;  /* 0: no limit */
	uint64_t close_after_bytes; /* of a session's answers; 0: never */
	enum impair_by by;
};

/* The things counted: the faults by the names of the settings, and answers that found no room to be held back. */
enum impaired {
	IMPAIRED_DROP,
	IMPAIRED_DUPLICATE,
	IMPAIRED_CORRUPT,
	IMPAIRED_TRUNCATE,
	IMPAIRED_DELAY, /* jitter too */
	IMPAIRED_REORDER,
	IMPAIRED_RATE,
	IMPAIRED_CLOSE_AFTER,
	IMPAIRED_OVERFLOW,
	IMPAIRED_N
};
const char *impair_name(enum impaired i); /* "drop", "close_after", ... */

/* Whether anything is done at all. */
bool impair_does_anything(const struct impair_rules *r);

/* Whether anything is done that only datagrams can have. */
bool impair_does_to_datagrams(const struct impair_rules *r);

/* Draws the faults for a request: of n octets, the listener's number `count`. */
struct impairment_verdict impair_draw(const struct impair_rules *r, const void *request, size_t n, uint64_t count);

/* The way that answers leave by, one behind the other. All zero at first. */
struct impair_way {
	uint64_t free_ns; /* when another may leave: with the last one, or when the rate lets it */
};

struct impair_answer {
	size_t bytes;
	uint64_t jitter_ns; /* as drawn */
};

/* The moment when an answer leaves. */
struct impair_leave {
	uint64_t at_ns;
	bool delayed; /* by delay and jitter                   */
	bool paced;   /* by the rate, as well or by that alone */
};

/* Puts an answer on its way at now_ns. None overtakes another: jitter changes distances, not the order. */
struct impair_leave impair_send(const struct impair_rules *r, struct impair_way *way, const struct impair_answer *a,
				uint64_t now_ns);
