/* SPDX-License-Identifier: MIT */
/*
 * How much of something each source has at this moment, in shared memory of a fixed size: what no source may have all of.
 *
 * Owns: seats. Who begins takes one under its source's share, whoever ends it, in whatever process, gives it back. One that
 * nobody gave back, because a process died, is free again after its time: nobody has to clean up. A source is looked for
 * in one bucket of seats, which its keyed hash names. The words are shared, and none is believed: a wrong one lets a source
 * have too much, or too little, for a while.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/siphash.h"

struct shares_seat {
	_Atomic uint64_t until_ns; /* taken until then, of CLOCK_MONOTONIC */
	_Atomic uint64_t source;
};

/* A process's own, but for what it points to. */
struct shares {
	struct shares_seat *seats;
	uint32_t buckets_mask;
	struct siphash_key key;
};

#define SHARES_MOST 32 /* what a share may be at most, so that a bucket has room for others */

/* Bytes of memory for n seats that are taken at once; zeroed and shared by the caller. */
size_t shares_bytes(uint32_t n);
size_t shares_size(const struct shares *s); /* of the memory that this one has */
void shares_init(struct shares *s, void *memory, uint32_t n, const struct siphash_key *key);

/* The name of a source here. */
uint64_t shares_name(const struct shares *s, const struct addr *source);

struct shares_time {
	uint64_t now_ns, until_ns; /* of CLOCK_MONOTONIC */
};

/* Takes a seat until t.until_ns, unless the source has `most` of them (1 to SHARES_MOST). Of several that try at once all
 * may fail, but never have more than `most` got one. */
bool shares_take(const struct shares *s, uint64_t source, uint32_t most, struct shares_time t, uint32_t *ret);

/* Gives back the seat that was taken until until_ns: nothing, if it has been taken anew, or if there is no such seat. */
void shares_give(const struct shares *s, uint32_t seat, uint64_t until_ns);
