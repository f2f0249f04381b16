/* SPDX-License-Identifier: MIT */
/* What is counted of durations and deaths. */
#include "test.h"

#include <signal.h>
#include <stdio.h>

#include "shared/pool_deaths.h"
#include "shared/counters.h"

#define US UINT64_C(1000) /* in nanoseconds */
#define S UINT64_C(1000000000)

TEST(a_duration_is_counted_up_to_and_with_its_bound)
{
	struct histogram h = { 0 };

	histogram_add(&h, 0);
	histogram_add(&h, 1000 * US); /* the first bound, exactly */
	histogram_add(&h, 1001 * US);
	assert_int_equal(h.n[0], 2);
	assert_int_equal(h.n[1], 1);
	assert_int_equal(h.sum_us, 2001);
}

TEST(a_duration_beyond_all_bounds_is_counted_too)
{
	struct histogram h = { 0 };

	histogram_add(&h, 3600 * S);
	histogram_add(&h, 3601 * S);
	assert_int_equal(h.n[HISTOGRAM_BOUNDS_N - 1], 1);
	assert_int_equal(h.n[HISTOGRAM_BOUNDS_N], 1);
}

TEST(sums_of_counters_hold_their_durations)
{
	struct counters one = { 0 }, two = { 0 }, sum = { 0 };

	histogram_add(&one.session_time, S);
	histogram_add(&two.session_time, S);
	histogram_add(&two.lookup_time, 2 * S);
	counters_sum(&sum, &one);
	counters_sum(&sum, &two);
	assert_int_equal(sum.session_time.sum_us, 2000000);
	assert_int_equal(sum.lookup_time.sum_us, 2000000);
	assert_int_equal(sum.lookup_time.n[6], 1); /* more than 1 s, at most 5 s */
}

TEST(a_pool_keeps_its_row_by_its_name)
{
	static struct pool_deaths c;
	static struct pool_deaths_counts deaths;
	uint32_t prefork = pool_deaths_add_pool(&c, "prefork"), event = pool_deaths_add_pool(&c, "event");

	assert_int_not_equal(prefork, event);
	assert_int_equal(pool_deaths_add_pool(&c, "prefork"), prefork);
	assert_int_equal(pool_deaths_find(&c, "prefork"), prefork);
	assert_int_equal(pool_deaths_find(&c, "fork"), POOL_DEATHS_NOBODY);
	pool_deaths_add(&deaths, prefork, SIGSEGV);
	pool_deaths_add(&deaths, prefork, 0);
	pool_deaths_add_stuck(&deaths, event);
	assert_int_equal(deaths.n[prefork][POOL_DEATHS_SEGV], 1);
	assert_int_equal(deaths.n[prefork][POOL_DEATHS_EXIT], 1);
	assert_int_equal(deaths.n[event][POOL_DEATHS_STUCK], 1);
	assert_string_equal(pool_deaths_cause_name(POOL_DEATHS_SEGV), "segv");
}

TEST(pools_beyond_the_room_are_not_counted)
{
	static struct pool_deaths c;
	static struct pool_deaths_counts deaths;
	char name[16];

	for (int i = 0; i < POOL_DEATHS_POOLS_MAX; i++) {
		snprintf(name, sizeof(name), "pool%d", i);
		assert_int_equal(pool_deaths_add_pool(&c, name), i);
	}
	assert_int_equal(pool_deaths_add_pool(&c, "another"), POOL_DEATHS_NOBODY);
	pool_deaths_add(&deaths, POOL_DEATHS_NOBODY, SIGKILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_duration_is_counted_up_to_and_with_its_bound),
		cmocka_unit_test(a_duration_beyond_all_bounds_is_counted_too),
		cmocka_unit_test(sums_of_counters_hold_their_durations),
		cmocka_unit_test(a_pool_keeps_its_row_by_its_name),
		cmocka_unit_test(pools_beyond_the_room_are_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
