/* SPDX-License-Identifier: MIT */
/*
 * A count in one word of shared memory, changed by compare-and-swap alone.
 *
 * The word: whose count it is (28 bits, for those who share a table of words), a version that every change raises (15
 * bits), the count (21 bits). By the version one who has looked elsewhere meanwhile sees that nothing was counted in
 * between.
 */
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TALLY_COUNT_BITS 21
#define TALLY_VERSION_BITS 15
#define TALLY_COUNT_MAX ((UINT32_C(1) << TALLY_COUNT_BITS) - 1)
#define TALLY_NAME_MAX ((UINT32_C(1) << 28) - 1)

/* Inline: a search looks at many words. */
static inline uint32_t tally_count(uint64_t word)
{
	return (uint32_t)word & TALLY_COUNT_MAX;
}

static inline uint32_t tally_name(uint64_t word)
{
	return (uint32_t)(word >> (TALLY_COUNT_BITS + TALLY_VERSION_BITS));
}

/* The word that follows `was`. */
static inline uint64_t tally_next(uint64_t was, uint32_t name, uint32_t count)
{
	uint64_t version = ((was >> TALLY_COUNT_BITS) + 1) & ((UINT64_C(1) << TALLY_VERSION_BITS) - 1);

	assert(name <= TALLY_NAME_MAX && count <= TALLY_COUNT_MAX);
	return (uint64_t)name << (TALLY_COUNT_BITS + TALLY_VERSION_BITS) | version << TALLY_COUNT_BITS | count;
}

/* Counts one more, unless `cap` (0: none) is reached. No count is ever above its cap, not even for a moment in which
 * another would be refused for it. */
bool tally_up(_Atomic uint64_t *word, uint32_t cap);

/* Counts one less; of none, none. Whoever shares the memory may have written what it likes. */
void tally_down(_Atomic uint64_t *word);
