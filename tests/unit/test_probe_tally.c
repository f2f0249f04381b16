/* SPDX-License-Identifier: MIT */
/* tally: sums of random fates, and that the parts of a run merge to the run. */
#include "test.h"

#include <string.h>

#include "echoprobe/tally.h"
#include "probe_numbers.h"

#define MANY 20000
#define PARTS 7

static struct tally whole, parts[PARTS], merged;

static int begin(void **state maybe_unused)
{
	memset(&whole, 0, sizeof(whole));
	memset(&merged, 0, sizeof(merged));
	memset(parts, 0, sizeof(parts));
	return 0;
}

static struct tally_answer any_answer(uint64_t *seed)
{
	struct tally_answer a = {
		.content = (enum tally_content)random_below(seed, 4),
		.promptness = random_below(seed, 9) == 0 ? TALLY_LATE : TALLY_IN_TIME,
		.bytes = (uint32_t)random_below(seed, 1500),
		.rtt_ns = random_delay(seed, 3000000),
	};

	a.faults = (uint8_t)random_word(seed);
	if (random_below(seed, 5) == 0)
		a.place = (struct order_place){ .extent = 1 + random_below(seed, 40),
						.late_time_ns = random_delay(seed, 500) };
	return a;
}

/* One packet's fate, the same in both. */
static void add_any(struct tally *one, struct tally *other, uint64_t *seed, int64_t at_ns)
{
	struct tally_answer answer = any_answer(seed);
	struct losses_period period = { .length = 1 + random_below(seed, 9), .duration_ns = random_delay(seed, 1000) };
	uint64_t fate = random_below(seed, 4), extra = random_below(seed, 16);
	int64_t ipdv_ns = random_delay(seed, 1000) - 500;
	double jitter_ns = (double)random_delay(seed, 100000);
	struct tally *const both[] = { one, other };

	for (unsigned i = 0; i < array_n(both); i++) {
		tally_sent(both[i], answer.bytes);
		both[i]->packets.duplicated += extra == 1;
		both[i]->packets.other_address += extra == 2;
		both[i]->packets.unrelated += extra == 3;
		both[i]->packets.forgotten += extra == 4;
		both[i]->packets.send_failed += extra == 5;
		both[i]->packets.skipped += extra == 6;
		both[i]->packets.timed_out += fate < 2;
		both[i]->packets.recovered += fate == 1;
		both[i]->expected.timed_out += fate < 2 && extra < 9;
		both[i]->expected.recovered += fate == 1 && extra < 9;
		both[i]->expected.duplicated += extra == 1 && fate == 2;
		if (fate != 0)
			tally_received(both[i], &answer);
		if (extra == 7)
			tally_period(both[i], &period);
		if (extra != 8)
			tally_ipdv(both[i], ipdv_ns);
		if (extra != 9)
			tally_jitter(both[i], jitter_ns, at_ns);
	}
}

static void assert_near(const struct moments *a, const struct moments *b)
{
	assert_int_equal(a->n, b->n);
	assert_within(a->mean / b->mean, 1, 1e-12);
	assert_within(a->squares / b->squares, 1, 1e-9);
}

TEST(the_parts_of_a_run_merge_to_the_run_in_any_order)
{
	uint64_t seed = 99;

	for (unsigned i = 0; i < MANY; i++)
		add_any(&whole, &parts[random_below(&seed, PARTS)], &seed, i);
	for (unsigned i = 0; i < PARTS; i++)
		tally_merge(&merged, &parts[(i * 3) % PARTS]);
	assert_memory_equal(&merged.packets, &whole.packets, sizeof(whole.packets));
	assert_memory_equal(&merged.expected, &whole.expected, sizeof(whole.expected));
	assert_true(whole.expected.corrupted > 0 && whole.expected.truncated > 0 && whole.expected.reordered > 0);
	assert_memory_equal(&merged.rtt, &whole.rtt, sizeof(whole.rtt));
	assert_int_equal(merged.sent_bytes, whole.sent_bytes);
	assert_int_equal(merged.received_bytes, whole.received_bytes);
	assert_int_equal(merged.periods, whole.periods);
	assert_int_equal(merged.longest.length, whole.longest.length);
	assert_int_equal(merged.longest.duration_ns, whole.longest.duration_ns);
	assert_int_equal(merged.extent_max, whole.extent_max);
	assert_int_equal(merged.late_time_max_ns, whole.late_time_max_ns);
	assert_near(&merged.rtt_ns, &whole.rtt_ns);
	assert_near(&merged.ipdv_abs_ns, &whole.ipdv_abs_ns);
	assert_memory_equal(&merged.ipdv_abs, &whole.ipdv_abs, sizeof(whole.ipdv_abs));
	assert_int_equal(whole.ipdv_abs.n, whole.ipdv_abs_ns.n);
	assert_near(&merged.jitter.each_ns, &whole.jitter.each_ns);
	assert_true(merged.jitter.max_ns == whole.jitter.max_ns && merged.jitter.last_ns == whole.jitter.last_ns);
	assert_int_equal(merged.jitter.last_arrived_ns, whole.jitter.last_arrived_ns);
}

TEST(each_fate_raises_its_own_count)
{
	tally_sent(&whole, 64);
	tally_sent(&whole, 100);
	for (enum tally_content content = TALLY_INTACT; content <= TALLY_LENGTHENED; content++)
		for (int i = 0; i <= (int)content; i++)
			tally_received(&whole, &(struct tally_answer){ .content = content, .bytes = 10 });
	tally_received(&whole, &(struct tally_answer){ .promptness = TALLY_LATE, .bytes = 1 });
	tally_received(&whole, &(struct tally_answer){ .place = { .extent = 1, .late_time_ns = 9 } });
	tally_received(&whole, &(struct tally_answer){ .place = { .extent = 4, .late_time_ns = 3 } });
	assert_int_equal(whole.packets.sent, 2);
	assert_int_equal(whole.sent_bytes, 164);
	assert_int_equal(whole.packets.received, 13);
	assert_int_equal(whole.received_bytes, 101);
	assert_int_equal(whole.packets.corrupted, 2);
	assert_int_equal(whole.packets.truncated, 3);
	assert_int_equal(whole.packets.lengthened, 4);
	assert_int_equal(whole.packets.late, 1);
	assert_int_equal(whole.packets.reordered, 2);
	assert_int_equal(whole.extent_max, 4);
	assert_int_equal(whole.late_time_max_ns, 9);
}

TEST(jitter_keeps_the_last_arrival_and_the_largest)
{
	tally_jitter(&whole, 5, 100);
	tally_jitter(&whole, 9, 50); /* of another flow, whose packets are told later */
	assert_within(whole.jitter.last_ns, 5, 0);
	tally_jitter(&whole, 7, 101);
	assert_within(whole.jitter.last_ns, 7, 0);
	assert_within(whole.jitter.max_ns, 9, 0);
	assert_within(whole.jitter.each_ns.mean, 7, 1e-12);
}

TEST(what_was_sent_is_received_or_lost)
{
	uint64_t seed = 5;

	for (unsigned i = 0; i < MANY; i++)
		add_any(&whole, &merged, &seed, i);
	assert_true(tally_lost(&whole) > MANY / 5);
	assert_int_equal(whole.packets.sent, whole.packets.received + tally_lost(&whole));
}

TEST(an_interval_in_which_more_came_back_than_timed_out_has_lost_nothing)
{
	whole.packets.recovered = 3;
	whole.packets.timed_out = 1;
	assert_int_equal(tally_lost(&whole), 0);
}

TEST(variation_is_counted_from_the_least_delay)
{
	static const int64_t delays[] = { 20, 10, 20, 25, 20 };
	int64_t ns = 0;

	for (unsigned i = 0; i < array_n(delays); i++)
		tally_received(&whole, &(struct tally_answer){ .rtt_ns = delays[i] });
	assert_true(tally_pdv(&whole, 500, &ns));
	assert_int_equal(ns, 10);
	assert_true(tally_pdv(&whole, 800, &ns));
	assert_int_equal(ns, 10);
	assert_false(tally_pdv(&whole, 990, &ns));
	assert_within(whole.rtt_ns.mean, 19, 1e-9);
	assert_within(moments_stddev(&whole.rtt_ns), 5.4772255750516612, 1e-9); /* sqrt(120 / 4) */
}

TEST(the_standard_deviation_is_that_of_a_sample_and_0_of_one_value)
{
	struct moments m = { 0 }, one = { 0 };

	assert_within(moments_stddev(&m), 0, 0);
	moments_add(&m, 10);
	assert_within(moments_stddev(&m), 0, 0);
	moments_add(&one, 13);
	moments_merge(&m, &one);
	assert_within(m.mean, 11.5, 1e-12);
	assert_within(moments_stddev(&m), 2.1213203435596424, 1e-12); /* sqrt(4.5) */
}

TEST(the_longest_period_is_the_one_of_most_packets_then_the_one_of_most_time)
{
	static const struct losses_period periods[] = { { 2, 30 }, { 3, 10 }, { 3, 20 }, { 3, 15 }, { 1, 90 } };

	for (unsigned i = 0; i < array_n(periods); i++)
		tally_period(&whole, &periods[i]);
	assert_int_equal(whole.periods, 5);
	assert_int_equal(whole.longest.length, 3);
	assert_int_equal(whole.longest.duration_ns, 20);
}

#define FRESH(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(the_parts_of_a_run_merge_to_the_run_in_any_order),
		FRESH(each_fate_raises_its_own_count),
		FRESH(jitter_keeps_the_last_arrival_and_the_largest),
		FRESH(what_was_sent_is_received_or_lost),
		FRESH(an_interval_in_which_more_came_back_than_timed_out_has_lost_nothing),
		FRESH(variation_is_counted_from_the_least_delay),
		FRESH(the_standard_deviation_is_that_of_a_sample_and_0_of_one_value),
		FRESH(the_longest_period_is_the_one_of_most_packets_then_the_one_of_most_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
