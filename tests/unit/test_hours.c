/* SPDX-License-Identifier: MIT */
/* hours: spans of hours of a day. */
#include "test.h"

#include <errno.h>

#include "admission/hours.h"

TEST(a_span_has_two_times_of_the_day)
{
	struct hours_span s = { 0 };

	assert_int_equal(hours_parse("08:00-17:59", &s), 0);
	assert_int_equal(s.from, 8 * 60);
	assert_int_equal(s.to, 17 * 60 + 59);
	assert_int_equal(hours_parse("8:05-0:00", &s), 0);
	assert_int_equal(s.from, 8 * 60 + 5);
	assert_int_equal(s.to, 0);
}

TEST(other_texts_are_none)
{
	static const char *const texts[] = {
		"",           "08:00",        "08:00-",      "-08:00",       "08:00-24:00", "08:60-09:00", "008:00-9:00",
		"08:0-09:00", "08:00-09:000", "08.00-09.00", "08:00-09:00 ", " 8:00-9:00",  "08:00 09:00", "+8:00-09:00"
	};
	struct hours_span s;

	for (size_t i = 0; i < array_n(texts); i++)
		if (hours_parse(texts[i], &s) != -EINVAL)
			fail_msg("\"%s\" is taken for a span", texts[i]);
}

TEST(both_ends_are_inside)
{
	struct hours h = { 1, { { 480, 1079 } } };

	assert_false(hours_hold(&h, 479));
	assert_true(hours_hold(&h, 480));
	assert_true(hours_hold(&h, 1079));
	assert_false(hours_hold(&h, 1080));
}

TEST(a_span_may_go_over_midnight)
{
	struct hours h = { 1, { { 1320, 359 } } };

	assert_true(hours_hold(&h, 1320));
	assert_true(hours_hold(&h, 1439));
	assert_true(hours_hold(&h, 0));
	assert_true(hours_hold(&h, 359));
	assert_false(hours_hold(&h, 360));
	assert_false(hours_hold(&h, 1319));
}

TEST(any_of_several_spans_is_enough_and_none_is_always)
{
	struct hours h = { 2, { { 60, 119 }, { 600, 659 } } };

	assert_true(hours_hold(&h, 60));
	assert_true(hours_hold(&h, 630));
	assert_false(hours_hold(&h, 300));
	h.n = 0;
	assert_true(hours_hold(&h, 300));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_has_two_times_of_the_day),
		cmocka_unit_test(other_texts_are_none),
		cmocka_unit_test(both_ends_are_inside),
		cmocka_unit_test(a_span_may_go_over_midnight),
		cmocka_unit_test(any_of_several_spans_is_enough_and_none_is_always),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
