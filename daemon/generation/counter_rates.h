/* SPDX-License-Identifier: MIT */
/* Rates: what each listener did between the supervisor's last two looks at its counters, a second apart. */
#pragma once

#include <stdint.h>

#include "shared/counters.h"
#include "admission/table.h"

struct counter_rates {
	uint64_t at_ns;   /* the last look                        */
	uint64_t span_ns; /* since the one before; 0: there was none */
	struct counters sum[TABLE_ROWS_MAX], gained[TABLE_ROWS_MAX];
	struct counters all_gained; /* by all of them */
};

/* A look begins; then each row's sum is noted. */
void counter_rates_begin(struct counter_rates *r, uint64_t now_ns);
void counter_rates_note(struct counter_rates *r, uint32_t row, const struct counters *sum);

/* The row begins anew. */
void counter_rates_forget(struct counter_rates *r, uint32_t row);

/* n within the span, as so many a second. */
uint64_t counter_rates_per_s(const struct counter_rates *r, uint64_t n);

/* All that was refused, for whatever reason. */
uint64_t counter_rates_refused(const struct counters *c);
