/* SPDX-License-Identifier: MIT */
/* What brings nothing rests, longer each time. */

#include "test.h"

#include "base/rest.h"

#define NOW_NS (1000 * CLOCK_S_NS)

/* It has to rest after so many events that brought nothing. */
static void bore(struct rest *r, unsigned times, uint64_t now_ns)
{
	for (unsigned i = 1; i < times; i++)
		assert_false(rest_is_due(r, false, now_ns));
	assert_true(rest_is_due(r, false, now_ns));
}

TEST(it_rests_after_some_events_in_a_row_that_brought_nothing)
{
	struct rest r = { 0 };

	bore(&r, REST_AFTER, NOW_NS);
	assert_false(rest_is_over(&r, NOW_NS + REST_FIRST_NS - 1));
	assert_true(rest_is_over(&r, NOW_NS + REST_FIRST_NS));
}

TEST(one_event_that_brought_something_begins_the_count_anew)
{
	struct rest r = { 0 };

	for (int i = 0; i < 10; i++) {
		for (int k = 1; k < REST_AFTER; k++)
			assert_false(rest_is_due(&r, false, NOW_NS));
		assert_false(rest_is_due(&r, true, NOW_NS));
	}
	assert_true(rest_is_over(&r, NOW_NS));
}

TEST(it_rests_longer_each_time_up_to_a_limit)
{
	struct rest r = { 0 };
	uint64_t now_ns = NOW_NS, last_ns = 0;

	for (int i = 0; i < 10; i++) {
		bore(&r, REST_AFTER, now_ns);
		uint64_t ns = r.until_ns - now_ns;
		assert_int_equal(ns, i == 0 ? REST_FIRST_NS : last_ns < REST_LAST_NS ? 2 * last_ns : REST_LAST_NS);
		last_ns = ns;
		now_ns = r.until_ns;
	}
}

TEST(long_after_the_last_rest_the_next_is_short)
{
	struct rest r = { 0 };

	rest_begin(&r, NOW_NS);
	rest_begin(&r, r.until_ns);
	assert_int_equal(r.until_ns, NOW_NS + 3 * REST_FIRST_NS);
	uint64_t later_ns = r.until_ns + REST_FORGOTTEN_NS + 1;
	rest_begin(&r, later_ns);
	assert_int_equal(r.until_ns, later_ns + REST_FIRST_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_rests_after_some_events_in_a_row_that_brought_nothing),
		cmocka_unit_test(one_event_that_brought_something_begins_the_count_anew),
		cmocka_unit_test(it_rests_longer_each_time_up_to_a_limit),
		cmocka_unit_test(long_after_the_last_rest_the_next_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
