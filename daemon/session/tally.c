/* SPDX-License-Identifier: MIT */
/* Counts in one word: their layout, and one more or less by compare-and-swap. */
#include <assert.h>

#include "session/tally.h"

#define COUNT_BITS 21
#define VERSION_BITS 15
#define VERSION_MAX ((UINT64_C(1) << VERSION_BITS) - 1)

uint32_t tally_count(uint64_t word)
{
	return (uint32_t)word & TALLY_COUNT_MAX;
}

uint32_t tally_name(uint64_t word)
{
	return (uint32_t)(word >> (COUNT_BITS + VERSION_BITS));
}

uint64_t tally_next(uint64_t was, uint32_t name, uint32_t count)
{
	uint64_t version = ((was >> COUNT_BITS) + 1) & VERSION_MAX;

	assert(name <= TALLY_NAME_MAX && count <= TALLY_COUNT_MAX);
	return (uint64_t)name << (COUNT_BITS + VERSION_BITS) | version << COUNT_BITS | count;
}

bool tally_up(_Atomic uint64_t *word, uint32_t cap)
{
	uint64_t was = atomic_load(word), next;

	do {
		if (cap != 0 && tally_count(was) >= cap)
			return false;
		next = tally_next(was, tally_name(was), tally_count(was) + 1);
	} while (!atomic_compare_exchange_weak(word, &was, next));
	return true;
}

void tally_down(_Atomic uint64_t *word)
{
	uint64_t was = atomic_load(word), next;

	do {
		assert(tally_count(was) != 0);
		next = tally_next(was, tally_name(was), tally_count(was) - 1);
	} while (!atomic_compare_exchange_weak(word, &was, next));
}
