/* SPDX-License-Identifier: MIT */
/* Differences of delays, in the order of arrival (RFC 3550) and in that of sending (RFC 5481). */
#include "echoprobe/variation.h"

#include <math.h>

bool variation_arrived(struct variation *v, int64_t transit_ns, double *ret_jitter_ns)
{
	double difference_ns = fabs((double)(transit_ns - v->transit_ns));
	bool is_first = v->arrivals == VARIATION_NOTHING;

	if (!is_first)
		v->jitter_ns += (difference_ns - v->jitter_ns) / 16;
	v->arrivals = VARIATION_STARTED;
	v->transit_ns = transit_ns;
	*ret_jitter_ns = v->jitter_ns;
	return !is_first;
}

bool variation_in_order(struct variation *v, uint64_t seq, int64_t delay_ns, int64_t *ret_ipdv_ns)
{
	bool adjacent = v->neighbours == VARIATION_STARTED && v->next_seq == seq;

	if (adjacent)
		*ret_ipdv_ns = delay_ns - v->neighbour_ns;
	v->neighbours = VARIATION_STARTED;
	v->next_seq = seq + 1;
	v->neighbour_ns = delay_ns;
	return adjacent;
}
