/* SPDX-License-Identifier: MIT */
/* Intervals that are cut by what each packet says, and grow with the time to the next one. */
#include "echoprobe/offset.h"

#include <math.h>
#include <stdbool.h>

struct range {
	int64_t low_ns;
	int64_t high_ns;
};

/* The drift of clocks between two times, the later one first or last. */
static int64_t drifted_ns(int64_t a_ns, int64_t b_ns, double drift_ppm)
{
	return (int64_t)(fabs((double)(a_ns - b_ns)) * drift_ppm * 1e-6) + 1;
}

/* Cuts to what another range says that is known grow_ns less well; false, and unchanged: it contradicts. */
static bool cut(struct range *r, const struct range *other, int64_t grow_ns)
{
	int64_t low = other->low_ns - grow_ns, high = other->high_ns + grow_ns;

	if (low > r->high_ns || high < r->low_ns)
		return false;
	r->low_ns = low > r->low_ns ? low : r->low_ns;
	r->high_ns = high < r->high_ns ? high : r->high_ns;
	return true;
}

static struct range by_causality(const struct delay_sample *s)
{
	return (struct range){ -s->way_ns[DELAY_BACKWARD], s->way_ns[DELAY_FORWARD] };
}

static struct range by_estimates(const struct delay_sample *s)
{
	return (struct range){ -s->error_ns - s->turned_ns, s->error_ns - s->turned_ns };
}

/* Cuts a sample by its neighbour. */
static bool cut_by(struct delay_sample *s, const struct delay_sample *neighbour, double drift_ppm)
{
	struct range r = { s->low_ns, s->high_ns }, other = { neighbour->low_ns, neighbour->high_ns };
	bool agree = cut(&r, &other, drifted_ns(neighbour->t1_ns, s->t1_ns, drift_ppm));

	s->low_ns = r.low_ns;
	s->high_ns = r.high_ns;
	return agree;
}

/* Tells each sample what those before and after it say; how many contradict the one before. */
static uint64_t spread(struct delay_sample *samples, size_t n, double drift_ppm)
{
	uint64_t contradictions = 0;

	for (size_t i = 1; i < n; i++)
		contradictions += !cut_by(&samples[i], &samples[i - 1], drift_ppm);
	for (size_t i = n - 1; i > 0; i--)
		(void)!cut_by(&samples[i - 1], &samples[i], drift_ppm);
	return contradictions;
}

/* Whether the clocks' own words contradict a sample. Where they do not, it is cut by them. */
static enum offset_by estimate(struct delay_sample *samples, size_t n)
{
	enum offset_by by = OFFSET_BY_CAUSALITY;

	for (size_t i = 0; i < n; i++) {
		struct range r = { samples[i].low_ns, samples[i].high_ns }, said = by_estimates(&samples[i]);

		if (samples[i].error_ns == DELAY_NO_ERROR)
			continue;
		if (!cut(&r, &said, 0))
			return OFFSET_CONTRADICTED;
		samples[i].low_ns = r.low_ns;
		samples[i].high_ns = r.high_ns;
		by = OFFSET_BY_ERROR_ESTIMATES;
	}
	return by;
}

static uint64_t spread_causality(struct delay_sample *samples, size_t n, double drift_ppm)
{
	for (size_t i = 0; i < n; i++) {
		struct range r = by_causality(&samples[i]);

		samples[i].low_ns = r.low_ns;
		samples[i].high_ns = r.high_ns;
	}
	return spread(samples, n, drift_ppm);
}

struct offset offset_find(struct delay_sample *samples, size_t n, double drift_ppm)
{
	struct offset all = { .steps = spread_causality(samples, n, drift_ppm) };

	all.by = estimate(samples, n);
	if (all.by == OFFSET_BY_ERROR_ESTIMATES)
		(void)spread(samples, n, drift_ppm);
	else if (all.by == OFFSET_CONTRADICTED)
		(void)spread_causality(samples, n, drift_ppm);
	all.low_ns = samples[0].low_ns;
	all.high_ns = samples[0].high_ns;
	for (size_t i = 1; i < n; i++) {
		all.low_ns = samples[i].low_ns < all.low_ns ? samples[i].low_ns : all.low_ns;
		all.high_ns = samples[i].high_ns > all.high_ns ? samples[i].high_ns : all.high_ns;
	}
	return all;
}

void offset_add(struct offset_now *o, const struct delay_sample *sample)
{
	struct range r = by_causality(sample), said = by_estimates(sample), before = { o->range.low_ns, o->range.high_ns };

	if (o->range.by != OFFSET_CONTRADICTED && sample->error_ns != DELAY_NO_ERROR) {
		o->range.by = cut(&r, &said, 0) ? OFFSET_BY_ERROR_ESTIMATES : OFFSET_CONTRADICTED;
		if (o->range.by == OFFSET_CONTRADICTED)
			o->n = 0; /* what the packets before said was cut by the estimates */
	}
	if (o->n++ != 0 && !cut(&r, &before, drifted_ns(o->at_ns, sample->t1_ns, DELAY_DRIFT_PPM)))
		o->range.steps++;
	o->range.low_ns = r.low_ns;
	o->range.high_ns = r.high_ns;
	o->at_ns = sample->t1_ns;
}
