/* SPDX-License-Identifier: MIT */
/* Samples are collected as they come; order, skew and bounds are found at the end. */
#include "echoprobe/oneway.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void oneway_init(struct oneway *o, struct delay_sample *samples, size_t capacity)
{
	assert(capacity != 0 && capacity % 2 == 0);
	*o = (struct oneway){ .samples = samples, .capacity = capacity, .every = 1 };
}

/* Every second one goes. */
static void thin(struct oneway *o)
{
	for (size_t i = 0; i < o->n / 2; i++)
		o->samples[i] = o->samples[2 * i];
	o->n /= 2;
	o->every *= 2;
}

static void keep(struct oneway *o, const struct delay_sample *sample)
{
	if (o->seen++ % o->every != 0)
		return;
	if (o->n == o->capacity)
		thin(o);
	o->samples[o->n++] = *sample;
}

static bool difference(int64_t later_ns, int64_t earlier_ns, int64_t *ret_ns)
{
	return !__builtin_sub_overflow(later_ns, earlier_ns, ret_ns) && *ret_ns<DELAY_MOST_NS && * ret_ns> - DELAY_MOST_NS;
}

/* Of clocks that go on, whatever they show. */
static bool is_possible(const struct oneway_packet *packet, struct delay_sample *ret_sample)
{
	*ret_sample = (struct delay_sample){
		.t1_ns = packet->t1_ns,
		.error_ns = packet->error_ns < DELAY_NO_ERROR ? packet->error_ns : DELAY_NO_ERROR,
	};
	return packet->t3_ns >= packet->t2_ns &&
	       difference(packet->t2_ns, packet->t1_ns, &ret_sample->way_ns[DELAY_FORWARD]) &&
	       difference(packet->t4_ns, packet->t3_ns, &ret_sample->way_ns[DELAY_BACKWARD]) &&
	       delay_rtt_ns(ret_sample) >= 0;
}

bool oneway_add(struct oneway *o, const struct oneway_packet *packet, struct oneway_delays *ret_delays)
{
	struct delay_sample sample;
	const struct offset *range = &o->so_far.range;
	int64_t middle_ns;

	if (!is_possible(packet, &sample)) {
		o->impossible++;
		return false;
	}
	keep(o, &sample);
	offset_add(&o->so_far, &sample);
	middle_ns = range->low_ns + (range->high_ns - range->low_ns) / 2;
	*ret_delays = (struct oneway_delays){
		.forward_ns = sample.way_ns[DELAY_FORWARD] - middle_ns,
		.backward_ns = sample.way_ns[DELAY_BACKWARD] + middle_ns,
		.bound_ns = (range->high_ns - range->low_ns + 1) / 2,
	};
	return true;
}

/* By t1_ns; they nearly are (Shell 1959, by which no memory is needed; gaps of Ciura 2001). */
static void sort(struct delay_sample *samples, size_t n)
{
	static const size_t gaps[] = { 19903, 8861, 3938, 1750, 701, 301, 132, 57, 23, 10, 4, 1 };

	for (size_t g = 0; g < array_n(gaps); g++) {
		for (size_t i = gaps[g]; i < n; i++) {
			struct delay_sample moved = samples[i];
			size_t at = i;

			for (; at >= gaps[g] && samples[at - gaps[g]].t1_ns > moved.t1_ns; at -= gaps[g])
				samples[at] = samples[at - gaps[g]];
			samples[at] = moved;
		}
	}
}

/* Takes a skew of so many ppm out of all samples, as seen from the middle of the run; 0: puts back what was taken. */
static void turn(struct oneway *o, double ppm)
{
	int64_t middle_ns = o->samples[0].t1_ns + (o->samples[o->n - 1].t1_ns - o->samples[0].t1_ns) / 2;

	for (size_t i = 0; i < o->n; i++) {
		struct delay_sample *s = &o->samples[i];
		int64_t turned_ns = llrint((double)(s->t1_ns - middle_ns) * ppm * 1e-6);

		s->way_ns[DELAY_FORWARD] -= turned_ns - s->turned_ns;
		s->way_ns[DELAY_BACKWARD] += turned_ns - s->turned_ns;
		s->turned_ns = turned_ns;
	}
}

static bool is_skew_known(const struct oneway *o, struct skew *ret_skew)
{
	if (o->n < ONEWAY_SKEW_PACKETS || o->so_far.range.steps != 0 ||
	    o->samples[o->n - 1].t1_ns - o->samples[0].t1_ns < ONEWAY_SKEW_NS || !skew_find(o->samples, o->n, ret_skew))
		return false;
	return fabs(ret_skew->trend_ppm) <= fabs(ret_skew->skew_ppm) / 4;
}

static int64_t width_ns(const struct offset *offset)
{
	return offset->high_ns - offset->low_ns;
}

/* A skew is taken out where the offset is known better without it. */
static void find_offset(struct oneway *o, struct oneway_result *r)
{
	struct offset plain = offset_find(o->samples, o->n, DELAY_DRIFT_PPM), corrected;
	struct skew skew;

	r->offset = plain;
	if (!is_skew_known(o, &skew))
		return;
	turn(o, skew.skew_ppm);
	corrected = offset_find(o->samples, o->n, DELAY_DRIFT_PPM + fabs(skew.skew_ppm));
	if (width_ns(&corrected) < width_ns(&plain)) {
		r->skew_state = ONEWAY_SKEW_CORRECTED;
		r->skew = skew;
		r->offset = corrected;
		return;
	}
	turn(o, 0);
	r->offset = offset_find(o->samples, o->n, DELAY_DRIFT_PPM);
}

static void find_direction(const struct oneway *o, enum delay_way way, int64_t offset_ns, struct oneway_direction *d)
{
	const struct delay_sample *least = &o->samples[0];
	int64_t least_ns;

	for (size_t i = 1; i < o->n; i++)
		if (o->samples[i].way_ns[way] < least->way_ns[way])
			least = &o->samples[i];
	least_ns = least->way_ns[way];
	d->least_ns = way == DELAY_FORWARD ? least_ns - offset_ns : least_ns + offset_ns;
	d->least_low_ns = way == DELAY_FORWARD ? least_ns - least->high_ns : least_ns + least->low_ns;
	d->least_high_ns = way == DELAY_FORWARD ? least_ns - least->low_ns : least_ns + least->high_ns;
	for (size_t i = 0; i < o->n; i++) {
		histogram_add(&d->pdv, o->samples[i].way_ns[way] - least_ns);
		moments_add(&d->pdv_ns, (double)(o->samples[i].way_ns[way] - least_ns));
	}
}

static int64_t least_rtt_ns(const struct oneway *o)
{
	int64_t least_ns = delay_rtt_ns(&o->samples[0]);

	for (size_t i = 1; i < o->n; i++)
		if (delay_rtt_ns(&o->samples[i]) < least_ns)
			least_ns = delay_rtt_ns(&o->samples[i]);
	return least_ns;
}

bool oneway_find(struct oneway *o, struct oneway_result *ret_result)
{
	struct oneway_result *r = ret_result;

	memset(r, 0, sizeof(*r));
	if (o->n == 0)
		return false;
	sort(o->samples, o->n);
	find_offset(o, r);
	r->offset_ns = r->offset.low_ns + width_ns(&r->offset) / 2;
	r->bound_ns = (width_ns(&r->offset) + 1) / 2;
	r->least_rtt_ns = least_rtt_ns(o);
	r->form = r->bound_ns <= r->least_rtt_ns / 4 ? ONEWAY_PLUS_MINUS : ONEWAY_BETWEEN;
	find_direction(o, DELAY_FORWARD, r->offset_ns, &r->forward);
	find_direction(o, DELAY_BACKWARD, r->offset_ns, &r->backward);
	turn(o, 0);
	return true;
}
