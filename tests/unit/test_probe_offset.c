/* SPDX-License-Identifier: MIT */
/* offset: what single packets say of the other clock, in small numbers. */
#include "test.h"

#include "base/clock.h"
#include "echoprobe/offset.h"

#define S ((int64_t)CLOCK_S_NS)

static struct delay_sample sample(int64_t t1_ns, int64_t forward_ns, int64_t backward_ns, int64_t error_ns)
{
	return (struct delay_sample){ .t1_ns = t1_ns, .way_ns = { forward_ns, backward_ns }, .error_ns = error_ns };
}

static void assert_range(const struct delay_sample *s, int64_t low_ns, int64_t high_ns)
{
	assert_int_equal(s->low_ns, low_ns);
	assert_int_equal(s->high_ns, high_ns);
}

TEST(a_packet_bounds_the_offset_by_both_its_ways)
{
	struct delay_sample s = sample(0, 700, -200, DELAY_NO_ERROR);
	struct offset all = offset_find(&s, 1, 500);

	assert_range(&s, 200, 700);
	assert_int_equal(all.low_ns, 200);
	assert_int_equal(all.high_ns, 700);
	assert_int_equal(all.by, OFFSET_BY_CAUSALITY);
	assert_int_equal(all.steps, 0);
}

TEST(packets_bound_each_others_offset_less_by_the_drift_between_them)
{
	struct delay_sample s[] = { sample(0, 1000, 9000, DELAY_NO_ERROR), sample(1000000, 5000, 100, DELAY_NO_ERROR),
				    sample(4000000, 8000, 8000, DELAY_NO_ERROR) };
	struct offset all = offset_find(s, 3, 500); /* 500 ns a millisecond, and one for rounding */

	assert_range(&s[0], -601, 1000);
	assert_range(&s[1], -100, 1501);
	assert_range(&s[2], -1601, 3002);
	assert_int_equal(all.low_ns, -1601);
	assert_int_equal(all.high_ns, 3002);
	assert_int_equal(all.steps, 0);
}

TEST(clocks_that_say_how_wrong_they_are_bound_the_offset_too)
{
	struct delay_sample s[] = { sample(0, 1000, 1000, DELAY_NO_ERROR), sample(1000000, 1000, 1000, 50) };
	struct offset all = offset_find(s, 2, 500);

	assert_int_equal(all.by, OFFSET_BY_ERROR_ESTIMATES);
	assert_range(&s[1], -50, 50);
	assert_range(&s[0], -551, 551);
}

TEST(an_estimate_is_of_the_offset_before_a_skew_was_taken_out)
{
	struct delay_sample s = sample(0, 1000, 1000, 50);

	s.turned_ns = 7;
	assert_int_equal(offset_find(&s, 1, 500).by, OFFSET_BY_ERROR_ESTIMATES);
	assert_range(&s, -57, 43);
}

TEST(one_contradiction_takes_all_estimates_back)
{
	struct delay_sample s[] = { sample(0, 1000, 1000, 50), sample(S, 1000, 1000, 50), sample(2 * S, 200, -100, 50) };
	struct offset all = offset_find(s, 3, 500);

	assert_int_equal(all.by, OFFSET_CONTRADICTED);
	assert_range(&s[0], -1000, 1000);
	assert_range(&s[2], 100, 200);
	assert_int_equal(all.low_ns, -1000);
}

TEST(a_clock_that_was_set_is_bounded_before_and_after)
{
	struct delay_sample s[] = { sample(0, 1000, 1000, DELAY_NO_ERROR), sample(1000000, 51000, -49000, DELAY_NO_ERROR),
				    sample(2000000, 51000, -49900, DELAY_NO_ERROR) };
	struct offset all = offset_find(s, 3, 500);

	assert_int_equal(all.steps, 1);
	assert_range(&s[0], -1000, 1000);
	assert_range(&s[1], 49399, 51000);
	assert_int_equal(all.low_ns, -1000);
	assert_int_equal(all.high_ns, 51000);
}

static void assert_now(struct offset_now *o, struct delay_sample s, int64_t low_ns, int64_t high_ns)
{
	offset_add(o, &s);
	assert_int_equal(o->range.low_ns, low_ns);
	assert_int_equal(o->range.high_ns, high_ns);
}

TEST(while_packets_arrive_each_is_bounded_by_itself_and_those_before)
{
	struct offset_now o = { 0 };

	assert_now(&o, sample(0, 1000, 9000, DELAY_NO_ERROR), -9000, 1000);
	assert_now(&o, sample(1000000, 5000, 100, DELAY_NO_ERROR), -100, 1501);
	assert_now(&o, sample(4000000, 8000, 8000, DELAY_NO_ERROR), -1601, 3002);
	assert_int_equal(o.range.by, OFFSET_BY_CAUSALITY);
	assert_now(&o, sample(4000000, 8000, 8000, 50), -50, 50);
	assert_int_equal(o.range.by, OFFSET_BY_ERROR_ESTIMATES);
	assert_int_equal(o.range.steps, 0);
}

TEST(while_packets_arrive_a_clock_that_was_set_begins_anew)
{
	struct offset_now o = { 0 };

	assert_now(&o, sample(0, 1000, 1000, DELAY_NO_ERROR), -1000, 1000);
	assert_now(&o, sample(1000000, 51000, -49000, DELAY_NO_ERROR), 49000, 51000);
	assert_int_equal(o.range.steps, 1);
	assert_now(&o, sample(2000000, 51000, -49900, DELAY_NO_ERROR), 49900, 51000);
	assert_int_equal(o.range.steps, 1);
}

TEST(while_packets_arrive_an_estimate_that_was_contradicted_is_never_believed_again)
{
	struct offset_now o = { 0 };

	assert_now(&o, sample(0, 1000, 1000, 50), -50, 50);
	assert_now(&o, sample(1000000, 900, -100, 50), 100, 900);
	assert_int_equal(o.range.by, OFFSET_CONTRADICTED);
	assert_int_equal(o.range.steps, 0); /* not the clock was set: the estimate was wrong */
	assert_now(&o, sample(2000000, 1000, 1000, 5), -401, 1000);
	assert_int_equal(o.range.by, OFFSET_CONTRADICTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_bounds_the_offset_by_both_its_ways),
		cmocka_unit_test(packets_bound_each_others_offset_less_by_the_drift_between_them),
		cmocka_unit_test(clocks_that_say_how_wrong_they_are_bound_the_offset_too),
		cmocka_unit_test(an_estimate_is_of_the_offset_before_a_skew_was_taken_out),
		cmocka_unit_test(one_contradiction_takes_all_estimates_back),
		cmocka_unit_test(a_clock_that_was_set_is_bounded_before_and_after),
		cmocka_unit_test(while_packets_arrive_each_is_bounded_by_itself_and_those_before),
		cmocka_unit_test(while_packets_arrive_a_clock_that_was_set_begins_anew),
		cmocka_unit_test(while_packets_arrive_an_estimate_that_was_contradicted_is_never_believed_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
