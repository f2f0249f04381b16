/* SPDX-License-Identifier: MIT */
/* Adds up counters that others are still counting in. */
#include "shared/counters.h"

static void add_word(_Atomic uint64_t *to, const _Atomic uint64_t *from)
{
	counters_add(to, atomic_load_explicit(from, memory_order_relaxed));
}

void counters_sum(struct counters *to, const struct counters *from)
{
#define ADD_FIELD(name) add_word(&to->name, &from->name);
	COUNTERS(ADD_FIELD)
#undef ADD_FIELD
	for (unsigned r = 0; r < REFUSALS_N; r++) {
		add_word(&to->refused[r], &from->refused[r]);
		add_word(&to->dry_run[r], &from->dry_run[r]);
	}
	for (unsigned i = 0; i < IMPAIRED_N; i++)
		add_word(&to->impaired[i], &from->impaired[i]);
	histogram_sum(&to->session_time, &from->session_time);
	histogram_sum(&to->lookup_time, &from->lookup_time);
}
