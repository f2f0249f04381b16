/* SPDX-License-Identifier: MIT */
/*
 * What brings nothing rests for a while instead of being tried again at once: a second, and longer each time.
 *
 * A socket that another process has shut down, or whose error nothing clears, is ready whenever it is asked: it would be
 * polled in a loop. Its owner says of each event whether it brought anything; after some in a row that did not, the
 * descriptor leaves the loop.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define REST_AFTER 16 /* events in a row that brought nothing */
#define REST_FIRST_NS (1 * CLOCK_S_NS)
#define REST_LAST_NS (32 * CLOCK_S_NS)
#define REST_FORGOTTEN_NS (60 * CLOCK_S_NS) /* after the last one: then the next is short again */

struct rest {
	uint32_t in_vain;  /* events in a row */
	uint32_t rests;    /* in a row        */
	uint64_t until_ns; /* of the last one; 0: none yet */
};

/* Rests from now on, longer than the last time. */
void rest_begin(struct rest *r, uint64_t now_ns);

/* An event brought something, or nothing. True: it rests, and is to leave the loop now. Where nothing changes nothing is
 * written. */
bool rest_is_due(struct rest *r, bool brought, uint64_t now_ns);

static inline bool rest_is_over(const struct rest *r, uint64_t now_ns)
{
	return now_ns >= r->until_ns;
}
