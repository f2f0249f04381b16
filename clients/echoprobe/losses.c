/* SPDX-License-Identifier: MIT */
/* Loss periods are runs of lost packets, in the order of sending. */
#include "echoprobe/losses.h"

#include <math.h>

#define Z_95 1.96

bool losses_end(struct losses *l, int64_t at_ns, struct losses_period *ret_period)
{
	if (l->run_n == 0)
		return false;
	*ret_period = (struct losses_period){ .length = l->run_n, .duration_ns = at_ns - l->since_ns };
	l->run_n = 0;
	return true;
}

bool losses_add(struct losses *l, enum losses_fate fate, int64_t sent_ns, struct losses_period *ret_period)
{
	if (fate == LOSSES_RECEIVED)
		return losses_end(l, sent_ns, ret_period);
	if (l->run_n++ == 0)
		l->since_ns = sent_ns;
	return false;
}

struct losses_range losses_wilson(uint64_t lost, uint64_t n)
{
	double count = (double)n, p, square = Z_95 * Z_95, middle, half, whole;

	if (n == 0)
		return (struct losses_range){ 0, 1 };
	p = (double)lost / count;
	middle = p + square / (2 * count);
	half = Z_95 * sqrt(p * (1 - p) / count + square / (4 * count * count));
	whole = 1 + square / count;
	return (struct losses_range){ lost == 0 ? 0 : (middle - half) / whole, lost == n ? 1 : (middle + half) / whole };
}
