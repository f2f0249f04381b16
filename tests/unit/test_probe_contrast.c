/* SPDX-License-Identifier: MIT */
/* contrast: exact probabilities, which flows stand out, and the speed of a link. */
#include "test.h"

#include <math.h>

#include "echoprobe/contrast.h"
#include "probe_result.h"

#define FLOWS_N 8

static struct tally tallies[FLOWS_N];
static struct result_scope flows[FLOWS_N];

/* Flow i: 200 packets, `lost` of them lost, the others after rtt_ns. */
static void fill(size_t i, unsigned lost, int64_t rtt_ns)
{
	memset(&tallies[i], 0, sizeof(tallies[i]));
	for (unsigned k = 0; k < 200; k++)
		tally_sent(&tallies[i], 64);
	probe_run_answers(&tallies[i], 200 - lost, rtt_ns);
	tallies[i].packets.timed_out = lost;
	flows[i] = (struct result_scope){ .tally = &tallies[i], .ttl = RESULT_KNOWN(52) };
}

static void fill_all(unsigned lost, int64_t rtt_ns)
{
	for (size_t i = 0; i < FLOWS_N; i++)
		fill(i, lost, rtt_ns);
}

static bool is_near(double a, double b)
{
	return fabs(a - b) < 1e-9 * (fabs(b) + 1);
}

/* The lady who tastes tea (Fisher 1935). */
TEST(the_tail_is_that_of_the_hypergeometric_distribution)
{
	assert_true(is_near(contrast_tail(4, 4, 4, 8), 1.0 / 70));
	assert_true(is_near(contrast_tail(3, 4, 4, 8), 17.0 / 70));
	assert_true(is_near(contrast_tail(0, 4, 4, 8), 1));
	assert_true(contrast_tail(5, 4, 4, 8) <= 0);
}

TEST(a_flow_that_loses_a_quarter_stands_out_among_clean_ones)
{
	fill_all(0, 11580000);
	fill(1, 53, 11580000);
	for (size_t i = 0; i < FLOWS_N; i++)
		assert_int_equal(contrast_of(flows, FLOWS_N, i).loss, i == 1);
}

TEST(flows_that_lose_alike_do_not_stand_out)
{
	fill_all(10, 11580000);
	fill(3, 14, 11580000);
	for (size_t i = 0; i < FLOWS_N; i++)
		assert_false(contrast_of(flows, FLOWS_N, i).loss);
}

TEST(one_clean_flow_among_lossy_ones_stands_out)
{
	fill_all(50, 11580000);
	fill(3, 0, 11580000);
	assert_true(contrast_of(flows, FLOWS_N, 3).loss);
}

TEST(another_path_is_told_by_ttl_and_by_time)
{
	fill_all(0, 11580000);
	fill(5, 0, 14880000);
	flows[5].ttl = RESULT_KNOWN(51);
	assert_true(contrast_of(flows, FLOWS_N, 5).ttl);
	assert_int_equal(contrast_of(flows, FLOWS_N, 5).slower_ns, 3300000);
	assert_false(contrast_of(flows, FLOWS_N, 0).ttl);
	assert_int_equal(contrast_of(flows, FLOWS_N, 0).slower_ns, 0);
}

TEST(what_a_busy_host_makes_is_no_other_path)
{
	fill_all(0, 36000);
	fill(5, 0, 60000);
	assert_int_equal(contrast_of(flows, FLOWS_N, 5).slower_ns, 0);
}

TEST(a_flow_of_which_nothing_came_back_has_no_path)
{
	fill_all(0, 11580000);
	fill(2, 200, 0);
	flows[2].ttl = (struct result_value){ 0 };
	assert_false(contrast_of(flows, FLOWS_N, 2).ttl);
	assert_int_equal(contrast_of(flows, FLOWS_N, 2).slower_ns, 0);
	assert_true(contrast_of(flows, FLOWS_N, 2).loss);
}

TEST(the_time_a_byte_takes_is_the_slope_of_the_least_times)
{
	struct contrast_line line;

	for (size_t i = 0; i < 4; i++) {
		uint32_t size = (uint32_t)(64 + 400 * i);

		fill(i, 0, 11570000 + 160 * (int64_t)size);
		flows[i].size_bytes = size;
	}
	assert_true(contrast_fit(flows, 4, &line));
	assert_true(is_near(line.byte_ns, 160) && is_near(line.base_ns, 11570000));
	assert_false(contrast_fit(flows, 2, &line));
}

TEST(times_that_do_not_grow_with_size_say_nothing_of_a_link)
{
	static const int64_t rtts[] = { 50000, 41000, 62000, 47000 };
	struct contrast_line line;

	for (size_t i = 0; i < 4; i++) {
		fill(i, 0, rtts[i]);
		flows[i].size_bytes = (uint32_t)(64 + 400 * i);
	}
	assert_false(contrast_fit(flows, 4, &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tail_is_that_of_the_hypergeometric_distribution),
		cmocka_unit_test(a_flow_that_loses_a_quarter_stands_out_among_clean_ones),
		cmocka_unit_test(flows_that_lose_alike_do_not_stand_out),
		cmocka_unit_test(one_clean_flow_among_lossy_ones_stands_out),
		cmocka_unit_test(another_path_is_told_by_ttl_and_by_time),
		cmocka_unit_test(what_a_busy_host_makes_is_no_other_path),
		cmocka_unit_test(a_flow_of_which_nothing_came_back_has_no_path),
		cmocka_unit_test(the_time_a_byte_takes_is_the_slope_of_the_least_times),
		cmocka_unit_test(times_that_do_not_grow_with_size_say_nothing_of_a_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
