/* SPDX-License-Identifier: MIT */
/* backoff: waits double up to a second, and few of them are logged. */
#include "test.h"

#include "stream/backoff.h"

TEST(each_failure_in_a_row_waits_twice_as_long_up_to_a_second)
{
	struct backoff b = { 0 };
	const uint64_t expected_ms[] = { 100, 200, 400, 800, 1000, 1000 };

	for (size_t i = 0; i < array_n(expected_ms); i++)
		assert_int_equal(backoff_fail(&b), expected_ms[i] * CLOCK_MS_NS);
}

TEST(after_a_success_the_first_wait_is_short_again)
{
	struct backoff b = { 0 };

	(void)backoff_fail(&b);
	(void)backoff_fail(&b);
	backoff_succeed(&b);
	assert_int_equal(backoff_fail(&b), BACKOFF_FIRST_NS);
}

TEST(a_failure_is_logged_once_in_thirty_seconds_whether_or_not_some_tries_go_well)
{
	struct backoff b = { 0 };
	uint64_t now_ns = 5 * CLOCK_S_NS;

	assert_true(backoff_may_log(&b, now_ns));
	assert_false(backoff_may_log(&b, now_ns + BACKOFF_SILENT_NS - 1));
	backoff_succeed(&b);
	assert_false(backoff_may_log(&b, now_ns + BACKOFF_SILENT_NS - 1));
	assert_true(backoff_may_log(&b, now_ns + BACKOFF_SILENT_NS));
	assert_false(backoff_may_log(&b, now_ns + BACKOFF_SILENT_NS + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failure_in_a_row_waits_twice_as_long_up_to_a_second),
		cmocka_unit_test(after_a_success_the_first_wait_is_short_again),
		cmocka_unit_test(a_failure_is_logged_once_in_thirty_seconds_whether_or_not_some_tries_go_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
