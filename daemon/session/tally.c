/* SPDX-License-Identifier: MIT */
/* Counts in one word: one more or less by compare-and-swap. */
#include "session/tally.h"

bool tally_up(_Atomic uint64_t *word, uint32_t cap)
{
	uint64_t was = atomic_load(word), next;

	do {
		if ((cap != 0 && tally_count(was) >= cap) || tally_count(was) == TALLY_COUNT_MAX)
			return false;
		next = tally_next(was, tally_name(was), tally_count(was) + 1);
	} while (!atomic_compare_exchange_weak(word, &was, next));
	return true;
}

void tally_down(_Atomic uint64_t *word)
{
	uint64_t was = atomic_load(word), next;

	do {
		if (tally_count(was) == 0)
			return;
		next = tally_next(was, tally_name(was), tally_count(was) - 1);
	} while (!atomic_compare_exchange_weak(word, &was, next));
}
