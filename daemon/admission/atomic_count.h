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

#define ATOMIC_COUNT_BITS 21
#define ATOMIC_COUNT_VERSION_BITS 15
#define ATOMIC_COUNT_MAX ((UINT32_C(1) << ATOMIC_COUNT_BITS) - 1)
#define ATOMIC_COUNT_NAME_MAX ((UINT32_C(1) << 28) - 1)

/* Inline: a search looks at many words. */
static inline uint32_t atomic_count_of(uint64_t word)
{
	return (uint32_t)word & ATOMIC_COUNT_MAX;
}

static inline uint32_t atomic_count_name(uint64_t word)
{
	return (uint32_t)(word >> (ATOMIC_COUNT_BITS + ATOMIC_COUNT_VERSION_BITS));
}

/* The word that follows `was`. */
static inline uint64_t atomic_count_next(uint64_t was, uint32_t name, uint32_t count)
{
	uint64_t version = ((was >> ATOMIC_COUNT_BITS) + 1) & ((UINT64_C(1) << ATOMIC_COUNT_VERSION_BITS) - 1);

	assert(name <= ATOMIC_COUNT_NAME_MAX && count <= ATOMIC_COUNT_MAX);
	return (uint64_t)name << (ATOMIC_COUNT_BITS + ATOMIC_COUNT_VERSION_BITS) | version << ATOMIC_COUNT_BITS | count;
}

/* Counts one more, unless `cap` (0: none) is reached. No count is ever above its cap, not even for a moment in which
 * another would be refused for it. */
bool atomic_count_up(_Atomic uint64_t *word, uint32_t cap);

/* Counts one less; of none, none. Whoever shares the memory may have written what it likes. */
void atomic_count_down(_Atomic uint64_t *word);
