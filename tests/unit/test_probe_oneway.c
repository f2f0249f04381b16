/* SPDX-License-Identifier: MIT */
/* oneway, offset and skew: what is said of one way is true under clocks that are shifted, drift, lie and are set. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "echoprobe/oneway.h"
#include "probe_numbers.h"

#define MS ((int64_t)CLOCK_MS_NS)
#define S ((int64_t)CLOCK_S_NS)
#define CAPACITY 4096
#define NOW (INT64_C(1800000000) * S)

static struct delay_sample samples[CAPACITY];
static struct oneway o;
static struct oneway_result r;

/* A path and the clock at its other end. */
struct path {
	uint64_t seed;
	int64_t offset_ns;
	double drift_ppm;
	int64_t forward_ns, backward_ns; /* without queues         */
	int64_t queue_ns;                /* of each way, the mean  */
	int64_t growth_ns;               /* of forward's queue, over the run */
	int64_t error_ns;                /* what the clocks say    */
	unsigned n;
	int64_t gap_ns;
	unsigned set_at; /* packet from which on their clock is set_ns further */
	int64_t set_ns;
};

static int64_t offset_at(const struct path *p, unsigned i)
{
	return p->offset_ns + llrint((double)i * (double)p->gap_ns * p->drift_ppm * 1e-6) +
	       (p->set_at != 0 && i >= p->set_at ? p->set_ns : 0);
}

static struct truth {
	int64_t forward_ns, backward_ns;
} truth[CAPACITY];

/* Packet i; the true offset stays that of its sending while it is under way. */
static void send(struct path *p, unsigned i)
{
	int64_t t1 = NOW + (int64_t)i * p->gap_ns, offset = offset_at(p, i);
	struct truth *t = &truth[i];
	struct oneway_packet packet = { .t1_ns = t1, .error_ns = p->error_ns != 0 ? p->error_ns : DELAY_NO_ERROR };
	struct oneway_delays now;

	t->forward_ns = p->forward_ns + random_delay(&p->seed, p->queue_ns) + p->growth_ns / p->n * i;
	t->backward_ns = p->backward_ns + random_delay(&p->seed, p->queue_ns);
	packet.t2_ns = t1 + t->forward_ns + offset;
	packet.t3_ns = packet.t2_ns + 40000;
	packet.t4_ns = packet.t3_ns - offset + t->backward_ns;
	assert_true(oneway_add(&o, &packet, &now));
	if (o.so_far.range.by == OFFSET_CONTRADICTED || p->set_at != 0)
		return;
	assert_within(now.forward_ns, t->forward_ns, (double)now.bound_ns);
	assert_within(now.backward_ns, t->backward_ns, (double)now.bound_ns);
}

static void play(struct path *p)
{
	oneway_init(&o, samples, CAPACITY);
	for (unsigned i = 0; i < p->n; i++)
		send(p, i);
	assert_true(oneway_find(&o, &r));
}

static int64_t least(const struct path *p, bool forward)
{
	int64_t ns = INT64_MAX;

	for (unsigned i = 0; i < p->n; i++) {
		int64_t one = forward ? truth[i].forward_ns : truth[i].backward_ns;

		ns = one < ns ? one : ns;
	}
	return ns;
}

/* Each sample's own bounds, and what is said of all. */
static void assert_true_of(const struct path *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		int64_t turned = llrint(((double)i * (double)p->gap_ns - (double)(p->n - 1) * (double)p->gap_ns / 2) *
					r.skew.skew_ppm * 1e-6);
		int64_t offset = offset_at(p, i) - turned;

		assert_true(samples[i].low_ns <= offset + 1 && samples[i].high_ns >= offset - 1);
		assert_true(r.offset.low_ns <= offset + 1 && r.offset.high_ns >= offset - 1);
	}
	assert_true(r.offset_ns - r.bound_ns <= r.offset.low_ns && r.offset_ns + r.bound_ns >= r.offset.high_ns);
}

static void assert_least_is_true(const struct path *p)
{
	assert_true(r.forward.least_low_ns <= least(p, true) + 1 && r.forward.least_high_ns >= least(p, true) - 1);
	assert_true(r.backward.least_low_ns <= least(p, false) + 1 && r.backward.least_high_ns >= least(p, false) - 1);
	assert_within(r.forward.least_ns, least(p, true), (double)r.bound_ns + 1);
	assert_within(r.backward.least_ns, least(p, false), (double)r.bound_ns + 1);
}

static struct path any_path(uint64_t seed)
{
	uint64_t s = seed;

	return (struct path){
		.seed = seed,
		.offset_ns = (int64_t)random_below(&s, 200000) * MS - 100000 * MS,
		.forward_ns = (int64_t)random_below(&s, 20000000),
		.backward_ns = (int64_t)random_below(&s, 20000000),
		.queue_ns = INT64_C(1) << random_below(&s, 25),
		.n = 2 + (unsigned)random_below(&s, 1000),
		.gap_ns = 1 + (int64_t)random_below(&s, 200) * MS,
	};
}

TEST(bounds_contain_the_truth_under_clocks_that_are_shifted)
{
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct path p = any_path(seed);

		play(&p);
		assert_true_of(&p);
		assert_least_is_true(&p);
		assert_int_equal(r.offset.steps, 0);
		assert_int_equal(r.offset.by, OFFSET_BY_CAUSALITY);
	}
}

TEST(bounds_contain_the_truth_under_clocks_that_drift)
{
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct path p = any_path(seed);

		p.drift_ppm = (double)(seed % 101) * 10 - 500;
		play(&p);
		assert_true_of(&p);
		assert_int_equal(r.offset.steps, 0);
	}
}

TEST(bounds_contain_the_truth_where_both_clocks_say_how_wrong_they_are)
{
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct path p = any_path(seed);

		p.offset_ns = (int64_t)(seed % 20) * 100000 - MS;
		p.error_ns = 2 * MS;
		play(&p);
		assert_true_of(&p);
		assert_least_is_true(&p);
		assert_int_equal(r.offset.by, OFFSET_BY_ERROR_ESTIMATES);
		assert_true(r.bound_ns <= 2 * MS);
	}
}

TEST(a_clock_that_is_wronger_than_it_says_is_found_out_and_not_believed)
{
	struct path p = any_path(4);

	p.offset_ns = 300 * MS;
	p.error_ns = MS;
	play(&p);
	assert_int_equal(r.offset.by, OFFSET_CONTRADICTED);
	assert_true_of(&p);
	assert_least_is_true(&p);
}

TEST(a_clock_that_is_set_while_packets_are_under_way_is_a_step_and_its_bounds_hold_before_and_after)
{
	struct path p = { .seed = 6,
			  .forward_ns = 5 * MS,
			  .backward_ns = 5 * MS,
			  .queue_ns = 100000,
			  .n = 200,
			  .gap_ns = 10 * MS,
			  .set_at = 90,
			  .set_ns = S };

	play(&p);
	assert_true_of(&p);
	assert_int_equal(r.offset.steps, 1);
	assert_int_equal(r.skew_state, ONEWAY_SKEW_UNKNOWN);
}

TEST(the_bound_is_half_the_least_round_trip_where_nothing_drifts_and_nothing_is_synchronised)
{
	struct path p = { .seed = 1,
			  .offset_ns = 48 * S,
			  .forward_ns = 5900000,
			  .backward_ns = 5680000,
			  .queue_ns = 1,
			  .n = 100,
			  .gap_ns = 10 * MS };

	play(&p);
	assert_within(r.bound_ns, (5900000 + 5680000) / 2, 10000);
	assert_within(r.least_rtt_ns, 5900000 + 5680000, 100);
	assert_int_equal(r.form, ONEWAY_BETWEEN);
	assert_within(r.forward.least_low_ns, 0, 100);
	assert_within(r.forward.least_high_ns, 11580000, 10000);
}

TEST(synchronised_clocks_give_one_number_with_a_bound)
{
	struct path p = { .seed = 1,
			  .offset_ns = -310000,
			  .forward_ns = 5900000,
			  .backward_ns = 5680000,
			  .queue_ns = 100000,
			  .n = 100,
			  .gap_ns = 100 * MS,
			  .error_ns = 2 * MS };

	play(&p);
	assert_int_equal(r.form, ONEWAY_PLUS_MINUS);
	assert_within(r.bound_ns, 2 * MS, 1000);
	assert_within(r.offset_ns, 0, 1000);
}

TEST(variation_of_each_direction_is_exact_whatever_the_other_clock_shows)
{
	struct path p = any_path(12);
	int64_t p50 = 0, longest = 0;

	p.n = 500;
	play(&p);
	for (unsigned i = 0; i < p.n; i++)
		longest = truth[i].forward_ns > longest ? truth[i].forward_ns : longest;
	assert_int_equal(r.forward.pdv.min_ns, 0);
	assert_int_equal(r.forward.pdv.max_ns, longest - least(&p, true));
	assert_true(histogram_percentile(&r.forward.pdv, 500, &p50));
	assert_within(p50, (double)p.queue_ns * 0.693, (double)p.queue_ns * 0.15);
}

/* The mean error of the skew over 20 runs of 60 s at ten packets a second; 20 ppm are true. Every fifth packet and its
 * successors meet a burst that decays, of burst_ns at its beginning. */
static double mean_error_ppm(int64_t queue_ns, int64_t burst_ns)
{
	double sum = 0;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		uint64_t s = seed;
		double burst = 0;
		struct skew skew;

		for (unsigned i = 0; i < 600; i++) {
			int64_t drifted = (int64_t)i * 2000; /* 20 ppm of 100 ms */

			burst = burst_ns != 0 && random_below(&s, 20) == 0 ? random_share(&s) * (double)burst_ns
									   : burst * 0.7;
			samples[i] = (struct delay_sample){
				.t1_ns = NOW + (int64_t)i * 100 * MS,
				.way_ns = { 5 * MS + random_delay(&s, queue_ns) + (int64_t)burst + drifted,
					    5 * MS + random_delay(&s, queue_ns) + (int64_t)burst - drifted },
			};
		}
		assert_true(skew_find(samples, 600, &skew));
		sum += fabs(skew.skew_ppm - 20);
	}
	return sum / 20;
}

TEST(the_skew_is_within_a_ppm_where_least_squares_is_a_hundred_off)
{
	assert_true(mean_error_ppm(200000, 0) < 0.06);
	assert_true(mean_error_ppm(5 * MS, 0) < 1);
	assert_true(mean_error_ppm(200000, 100 * MS) < 0.6);
}

TEST(a_skew_is_corrected_in_a_long_run_and_variation_is_without_it)
{
	struct path p = { .seed = 3,
			  .drift_ppm = 20,
			  .forward_ns = 5 * MS,
			  .backward_ns = 5 * MS,
			  .queue_ns = 200000,
			  .n = 1000,
			  .gap_ns = 100 * MS };
	int64_t p99 = 0;

	play(&p);
	assert_int_equal(r.skew_state, ONEWAY_SKEW_CORRECTED);
	assert_within(r.skew.skew_ppm, 20, 0.2);
	assert_true_of(&p);
	assert_least_is_true(&p);
	assert_true(histogram_percentile(&r.forward.pdv, 990, &p99));
	assert_within(p99, 921000, 200000); /* of 200 us on average; the drift is 2 ms */
	assert_within(r.bound_ns, 5 * MS, 300000);
	assert_int_equal(samples[0].turned_ns, 0);
}

TEST(a_queue_that_grows_is_no_skew)
{
	struct path p = { .seed = 3,
			  .forward_ns = 5 * MS,
			  .backward_ns = 5 * MS,
			  .queue_ns = 200000,
			  .growth_ns = 20 * MS,
			  .n = 600,
			  .gap_ns = 110 * MS };
	struct skew skew;

	play(&p);
	assert_int_equal(r.skew_state, ONEWAY_SKEW_UNKNOWN);
	assert_true(skew_find(samples, p.n, &skew));
	assert_within(skew.trend_ppm, 150, 10); /* half of 20 ms in 66 s, as one way of two grows */
	assert_true_of(&p);
}

TEST(a_short_run_has_no_skew)
{
	struct path p = {
		.seed = 3, .drift_ppm = 20, .forward_ns = 5 * MS, .backward_ns = 5 * MS, .n = 500, .gap_ns = 100 * MS
	};

	play(&p);
	assert_int_equal(r.skew_state, ONEWAY_SKEW_UNKNOWN);
}

TEST(packets_in_another_order_give_the_same_and_more_than_there_is_room_for_nearly_so)
{
	static struct oneway_result sorted;
	struct path p = any_path(20);
	struct delay_sample swap;

	p.n = CAPACITY;
	p.gap_ns = 20 * MS;
	p.drift_ppm = 30;
	play(&p);
	sorted = r;
	for (unsigned i = 0; i + 5 < CAPACITY; i += 3) {
		swap = samples[i];
		samples[i] = samples[i + 5];
		samples[i + 5] = swap;
	}
	assert_true(oneway_find(&o, &r));
	assert_int_equal(r.offset.low_ns, sorted.offset.low_ns);
	assert_int_equal(r.offset.high_ns, sorted.offset.high_ns);
	assert_true(r.skew.skew_ppm == sorted.skew.skew_ppm && r.skew.skew_ppm != 0);
	assert_memory_equal(&r.forward.pdv, &sorted.forward.pdv, sizeof(r.forward.pdv));
	oneway_init(&o, samples, 256);
	for (unsigned i = 0; i < p.n; i++)
		send(&p, i);
	assert_int_equal(o.n, 256);
	assert_true(oneway_find(&o, &r));
	assert_true(r.offset.low_ns <= offset_at(&p, CAPACITY / 2) && r.offset.high_ns >= offset_at(&p, CAPACITY / 2));
	assert_within(samples[255].t1_ns - samples[0].t1_ns, CAPACITY * p.gap_ns, 17.0 * (double)p.gap_ns);
}

TEST(one_packet_is_bounded_by_its_round_trip)
{
	struct oneway_packet packet = {
		.t1_ns = NOW, .t2_ns = NOW + 9000, .t3_ns = NOW + 9500, .t4_ns = NOW + 1500, .error_ns = INT64_MAX
	};
	struct oneway_delays now;

	oneway_init(&o, samples, CAPACITY);
	assert_true(oneway_add(&o, &packet, &now)); /* there in 9000 or less, back in -8000 or more: 1000 in all */
	assert_int_equal(now.forward_ns, 500);
	assert_int_equal(now.backward_ns, 500);
	assert_int_equal(now.bound_ns, 500);
	assert_true(oneway_find(&o, &r));
	assert_int_equal(r.least_rtt_ns, 1000);
	assert_int_equal(r.offset_ns, 8500);
	assert_int_equal(r.bound_ns, 500);
	assert_int_equal(r.forward.least_low_ns, 0);
	assert_int_equal(r.forward.least_high_ns, 1000);
	assert_int_equal(r.forward.pdv.n, 1);
	packet.t4_ns = NOW + 700;
	packet.t1_ns = NOW + 201; /* 499 under way, 500 in the reflector */
	assert_false(oneway_add(&o, &packet, &now));
}

TEST(variation_has_a_mean_above_the_least_delay)
{
	static const int64_t delays[] = { 700, 300, 500 };
	struct oneway_delays now;

	oneway_init(&o, samples, CAPACITY);
	for (unsigned i = 0; i < array_n(delays); i++) {
		int64_t t1 = NOW + i * S, t2 = t1 + delays[i];

		assert_true(oneway_add(&o, &(struct oneway_packet){ t1, t2, t2, t2 + 10, DELAY_NO_ERROR }, &now));
	}
	assert_true(oneway_find(&o, &r));
	assert_within(r.forward.pdv_ns.mean, 200, 1e-9);
	assert_within(r.backward.pdv_ns.mean, 0, 1e-9);
}

TEST(too_few_packets_and_packets_at_one_time_have_no_skew)
{
	struct path p = {
		.seed = 3, .drift_ppm = 20, .forward_ns = 5 * MS, .backward_ns = 5 * MS, .queue_ns = 1, .n = 99, .gap_ns = S
	};
	struct skew skew;

	play(&p);
	assert_int_equal(r.skew_state, ONEWAY_SKEW_UNKNOWN);
	p.n = 100;
	play(&p);
	assert_int_equal(r.skew_state, ONEWAY_SKEW_CORRECTED);
	assert_false(skew_find(samples, 1, &skew));
	samples[1] = samples[0];
	assert_false(skew_find(samples, 2, &skew));
}

TEST(packets_that_cannot_be_are_left_out)
{
	const struct oneway_packet impossible[] = {
		{ 10 * S, 20 * S, 20 * S - 1, 10 * S + MS, MS },      /* sent before it was received      */
		{ 10 * S, 20 * S, 20 * S + 2 * MS, 10 * S + MS, MS }, /* longer there than under way       */
		{ INT64_MAX, INT64_MIN, 0, 0, MS },                   /* no arithmetic                     */
		{ 10 * S, INT64_MAX - 5, INT64_MAX - 4, 11 * S, MS }, /* in 292 years                      */
	};
	struct oneway_delays now;

	oneway_init(&o, samples, CAPACITY);
	assert_false(oneway_find(&o, &r));
	for (unsigned i = 0; i < array_n(impossible); i++)
		assert_false(oneway_add(&o, &impossible[i], &now));
	assert_int_equal(o.impossible, array_n(impossible));
	assert_false(oneway_find(&o, &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_contain_the_truth_under_clocks_that_are_shifted),
		cmocka_unit_test(bounds_contain_the_truth_under_clocks_that_drift),
		cmocka_unit_test(bounds_contain_the_truth_where_both_clocks_say_how_wrong_they_are),
		cmocka_unit_test(a_clock_that_is_wronger_than_it_says_is_found_out_and_not_believed),
		cmocka_unit_test(
			a_clock_that_is_set_while_packets_are_under_way_is_a_step_and_its_bounds_hold_before_and_after),
		cmocka_unit_test(the_bound_is_half_the_least_round_trip_where_nothing_drifts_and_nothing_is_synchronised),
		cmocka_unit_test(synchronised_clocks_give_one_number_with_a_bound),
		cmocka_unit_test(variation_of_each_direction_is_exact_whatever_the_other_clock_shows),
		cmocka_unit_test(the_skew_is_within_a_ppm_where_least_squares_is_a_hundred_off),
		cmocka_unit_test(a_skew_is_corrected_in_a_long_run_and_variation_is_without_it),
		cmocka_unit_test(a_queue_that_grows_is_no_skew),
		cmocka_unit_test(a_short_run_has_no_skew),
		cmocka_unit_test(packets_in_another_order_give_the_same_and_more_than_there_is_room_for_nearly_so),
		cmocka_unit_test(one_packet_is_bounded_by_its_round_trip),
		cmocka_unit_test(variation_has_a_mean_above_the_least_delay),
		cmocka_unit_test(too_few_packets_and_packets_at_one_time_have_no_skew),
		cmocka_unit_test(packets_that_cannot_be_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
