/* SPDX-License-Identifier: MIT */
/* Buckets by the highest bit of a value and the seven bits after it. */
#include "echoprobe/histogram.h"

#define STEP_BITS 7

_Static_assert(1 << STEP_BITS == HISTOGRAM_STEPS, "an octave's steps are its leading bits");
_Static_assert((HISTOGRAM_BITS - STEP_BITS + 1) * HISTOGRAM_STEPS == HISTOGRAM_BUCKETS,
	       "each value up to the largest has a bucket");

static unsigned bucket_of(int64_t value_ns)
{
	unsigned octave;
	uint64_t v = (uint64_t)value_ns;

	if (value_ns < HISTOGRAM_STEPS)
		return value_ns < 0 ? 0 : (unsigned)value_ns;
	if (v >> HISTOGRAM_BITS != 0)
		return HISTOGRAM_BUCKETS - 1;
	octave = (unsigned)(63 - STEP_BITS) - (unsigned)__builtin_clzll(v);
	/* The leading bit stays: it moves the first octave of this kind past the values below HISTOGRAM_STEPS. */
	return octave * HISTOGRAM_STEPS + (unsigned)(v >> octave);
}

static unsigned octave_of(unsigned i)
{
	return i < HISTOGRAM_STEPS ? 0 : i / HISTOGRAM_STEPS - 1;
}

int64_t histogram_low_ns(unsigned i)
{
	return (int64_t)(i - octave_of(i) * HISTOGRAM_STEPS) << octave_of(i);
}

int64_t histogram_high_ns(unsigned i)
{
	return histogram_low_ns(i) + ((int64_t)1 << octave_of(i)) - 1;
}

void histogram_add(struct histogram *h, int64_t value_ns)
{
	if (h->n == 0 || value_ns < h->min_ns)
		h->min_ns = value_ns;
	if (h->n == 0 || value_ns > h->max_ns)
		h->max_ns = value_ns;
	h->n++;
	h->bucket[bucket_of(value_ns)]++;
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
	if (from->n == 0)
		return;
	if (to->n == 0 || from->min_ns < to->min_ns)
		to->min_ns = from->min_ns;
	if (to->n == 0 || from->max_ns > to->max_ns)
		to->max_ns = from->max_ns;
	to->n += from->n;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

static int64_t cut(const struct histogram *h, int64_t value_ns)
{
	if (value_ns < h->min_ns)
		return h->min_ns;
	return value_ns > h->max_ns ? h->max_ns : value_ns;
}

bool histogram_percentile(const struct histogram *h, unsigned per_mille, int64_t *ret_ns)
{
	uint64_t rank = (h->n * per_mille + 999) / 1000, reached = 0;
	unsigned i = 0;

	if (h->n * (1000 - per_mille) < 1000)
		return false;
	for (; i < HISTOGRAM_BUCKETS - 1; i++) {
		reached += h->bucket[i];
		if (reached >= rank)
			break;
	}
	*ret_ns = cut(h, histogram_low_ns(i) + (histogram_high_ns(i) - histogram_low_ns(i)) / 2);
	return true;
}
