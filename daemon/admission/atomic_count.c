/* SPDX-License-Identifier: MIT */
/* Counts in one word: one more or less by compare-and-swap. */
#include "admission/atomic_count.h"

bool atomic_count_up(_Atomic uint64_t *word, uint32_t cap)
{
	uint64_t was = atomic_load(word), next;

	do {
		if ((cap != 0 && atomic_count_of(was) >= cap) || atomic_count_of(was) == ATOMIC_COUNT_MAX)
			return false;
		next = atomic_count_next(was, atomic_count_name(was), atomic_count_of(was) + 1);
	} while (!atomic_compare_exchange_weak(word, &was, next));
	return true;
}

void atomic_count_down(_Atomic uint64_t *word)
{
	uint64_t was = atomic_load(word), next;

	do {
		if (atomic_count_of(was) == 0)
			return;
		next = atomic_count_next(was, atomic_count_name(was), atomic_count_of(was) - 1);
	} while (!atomic_compare_exchange_weak(word, &was, next));
}
