/* SPDX-License-Identifier: MIT */
/*
 * How much a session that sends for ever may send by now: a token bucket, kept as the one time since which nothing has been
 * spent.
 *
 * The bucket holds 100 ms worth of the rate, and never less than PACE_ROOM_MIN, which is what a service needs to be called
 * at all.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PACE_ROOM_MIN 4096 /* bytes */

struct pace {
	int64_t spent_to_ns; /* all that the rate gave up to here is spent; may be before the clock's zero */
};

/* A full bucket. */
void pace_begin(struct pace *p, uint64_t bytes_per_s, uint64_t now_ns);

/* Bytes that may be sent at now_ns. */
uint64_t pace_room(const struct pace *p, uint64_t bytes_per_s, uint64_t now_ns);

/* Takes n bytes, at most pace_room(), out of the bucket. */
void pace_spend(struct pace *p, uint64_t bytes_per_s, size_t n, uint64_t now_ns);

/* The time when the bucket is half full again (and has PACE_ROOM_MIN): wake-ups are few that way, and no byte comes
 * early. */
uint64_t pace_ready_ns(const struct pace *p, uint64_t bytes_per_s);
