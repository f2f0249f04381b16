/* SPDX-License-Identifier: MIT */
/*
 * How many sessions each source has, in shared memory of a fixed size: what caps per source are held against.
 *
 * Owns: an array of words (tally.h), each with the fingerprint of a source as its name. A source is only looked for
 * in one bucket of words that its keyed hash names. A bucket that is full refuses a source that has a cap: a crowded
 * table never admits too many.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/siphash.h"

/* A process's own, but for the words. */
struct sources {
	struct siphash_key key;
	uint32_t buckets_mask;
	_Atomic uint64_t *words;
};

/* Bytes of shared memory for the sources of `sessions` sessions, each counted twice; zeroed and aligned to 64 by the
 * caller, or used before with the same secret. */
size_t sources_bytes(uint32_t sessions);
void sources_init(struct sources *s, void *memory, uint32_t sessions, uint64_t secret);

/* The name of a source here; `group` tells its counts apart (0: over all rows; else 1 + row). */
uint64_t sources_key(const struct sources *s, const struct addr *prefix, uint32_t group);

/* Counts one more, unless `cap` (0: none) is reached or the bucket is full. *ret_at, where it is counted, is set
 * before it is counted, so that a process killed in between leaves nothing that cannot be found. The caller then asks
 * sources_over(). */
bool sources_add(const struct sources *s, uint64_t key, uint32_t cap, _Atomic uint32_t *ret_at);

/* Two processes may have begun to count one source in two places at once, neither seeing the other: are there now
 * more than `cap`? Whoever is told so takes its own back. */
bool sources_over(const struct sources *s, uint64_t key, uint32_t cap);

/* The word that sources_add() counted in. NULL: there is none at that place, which others may have written. */
_Atomic uint64_t *sources_word(const struct sources *s, uint32_t at);
