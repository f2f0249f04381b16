/* SPDX-License-Identifier: MIT */
/* How many processes a pool should have, by table. */

#include "test.h"

#include "base/clock.h"
#include "generation/policy.h"

static const struct pool_settings prefork = {
	.model = POOL_PREFORK, .start = 4, .min_spare = 2, .max_spare = 8, .max_workers = 256
};
static const struct pool_settings event = { .model = POOL_EVENT, .workers = 3 };
static const struct pool_settings forking = { .model = POOL_FORK, .max_sessions = 256 };

struct row {
	const struct pool_settings *pool;
	struct policy_view view;
	uint32_t spawn, retire;
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct policy_order order = policy_decide(rows[i].pool, &rows[i].view);
		if (order.spawn != rows[i].spawn || order.retire != rows[i].retire)
			fail_msg("row %zu: spawn %u, retire %u", i, order.spawn, order.retire);
	}
}

TEST(a_prefork_pool_keeps_its_spares)
{
	static const struct row rows[] = {
		{ &prefork, { .idle = 4 }, 0, 0 },
		{ &prefork, { .idle = 2, .busy = 2 }, 0, 0 },
		{ &prefork, { .idle = 1, .busy = 3 }, 1, 0 },
		{ &prefork, { .idle = 0, .busy = 3 }, 2, 0 },
		{ &prefork, { .idle = 8 }, 0, 0 },
		{ &prefork, { .idle = 9 }, 0, 1 },
		{ &prefork, { .idle = 200, .busy = 10 }, 0, 1 },
	};
	check(rows, array_n(rows));
}

TEST(a_busy_prefork_pool_gets_more_at_once)
{
	static const struct row rows[] = {
		{ &prefork, { .busy = 16 }, 2 + 4, 0 },
		{ &prefork, { .busy = 200 }, 2 + 8, 0 },
		{ &prefork, { .starting = 2, .busy = 200 }, 0, 0 }, /* enough are on their way */
	};
	check(rows, array_n(rows));
}

TEST(no_pool_grows_beyond_its_cap)
{
	static const struct row rows[] = {
		{ &prefork, { .busy = 255 }, 1, 0 }, { &prefork, { .busy = 256 }, 0, 0 },
		{ &prefork, { .busy = 300 }, 0, 0 }, { &event, { .idle = 3 }, 0, 0 },
		{ &forking, { .busy = 1 }, 0, 0 },
	};
	check(rows, array_n(rows));
}

TEST(what_died_is_replaced)
{
	static const struct row rows[] = {
		{ &event, { .idle = 1, .starting = 1 }, 1, 0 },
		{ &event, { 0 }, 3, 0 },
		{ &forking, { 0 }, 1, 0 },
	};
	check(rows, array_n(rows));
}

TEST(a_throttled_pool_waits_and_says_until_when)
{
	struct policy_view v = { .now_ns = 5, .not_before_ns = 7 };
	struct policy_order order = policy_decide(&event, &v);

	assert_int_equal(order.spawn, 0);
	assert_true(order.again_ns == 7);
	v.now_ns = 7;
	assert_int_equal(policy_decide(&event, &v).spawn, 3);
}

TEST(the_first_early_death_is_forgiven_and_the_next_double_the_wait)
{
	assert_true(policy_throttle_ns(1) == 0);
	assert_true(policy_throttle_ns(2) == 1 * CLOCK_S_NS);
	assert_true(policy_throttle_ns(3) == 2 * CLOCK_S_NS);
	assert_true(policy_throttle_ns(7) == 32 * CLOCK_S_NS);
	assert_true(policy_throttle_ns(8) == 60 * CLOCK_S_NS);
	assert_true(policy_throttle_ns(UINT32_MAX) == 60 * CLOCK_S_NS);
}

/* Deaths of a pool one after another: when the process had started and died, in ms, and how long the pool waits then, in s. */
struct death {
	uint32_t started_ms, died_ms, served, sessions, wait_s;
};

static void check_deaths(const struct death *deaths, size_t n)
{
	struct policy_failures f = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct death *d = &deaths[i];
		struct policy_life life = { d->started_ms * CLOCK_MS_NS, d->died_ms * CLOCK_MS_NS, d->served, d->sessions,
					    true };
		uint64_t wait_ns = policy_died(&f, &life);
		if (wait_ns != d->wait_s * CLOCK_S_NS)
			fail_msg("death %zu: %u ms", i, (unsigned)(wait_ns / CLOCK_MS_NS));
	}
}

TEST(deaths_that_follow_each_other_closely_throttle_whatever_was_served_between)
{
	static const struct death idle[] = { { 0, 900, 0, 0, 0 }, { 900, 950, 0, 0, 1 }, { 1950, 1960, 0, 0, 2 } };
	static const struct death busy[] = { { 0, 900, 7, 1, 0 }, { 900, 950, 3, 2, 1 }, { 1950, 1960, 2, 0, 2 } };
	static const struct death slow[] = { { 0, 9000, 0, 1, 0 }, { 9000, 14000, 0, 1, 1 }, { 15000, 18000, 0, 1, 2 } };

	check_deaths(idle, array_n(idle));
	check_deaths(busy, array_n(busy));
	check_deaths(slow, array_n(slow));
}

TEST(a_death_now_and_then_is_made_good_at_once)
{
	/* Each had a long session, as every worker of an event pool may have from its first moment on. */
	static const struct death long_ago[] = { { 0, 60000, 0, 8, 0 },
						 { 60000, 90000, 0, 8, 0 },
						 { 90000, 110000, 0, 8, 0 } };
	static const struct death apart[] = { { 0, 500, 0, 1, 0 }, { 20000, 20500, 0, 1, 0 }, { 40000, 40500, 0, 1, 0 } };
	static const struct death ended[] = { { 0, 500, 0, 1, 0 }, { 500, 4000, 9, 0, 0 }, { 4000, 4001, 0, 1, 0 } };

	check_deaths(long_ago, array_n(long_ago));
	check_deaths(apart, array_n(apart));
	check_deaths(ended, array_n(ended));
}

TEST(all_that_were_there_when_one_died_are_one_failure)
{
	static const struct death deaths[] = {
		{ 0, 100, 0, 0, 0 }, { 0, 110, 0, 0, 0 }, { 50, 120, 0, 0, 0 }, { 110, 130, 0, 0, 1 }
	};

	check_deaths(deaths, array_n(deaths));
}

TEST(a_fork_that_failed_long_ago_is_forgotten)
{
	struct policy_failures f = { 0 };

	assert_true(policy_fork_failed(&f, 1) == 1 * CLOCK_S_NS);
	assert_true(policy_fork_failed(&f, f.not_before_ns) == 2 * CLOCK_S_NS);
	assert_true(policy_fork_failed(&f, f.not_before_ns + 60 * CLOCK_S_NS) == 1 * CLOCK_S_NS);
}

TEST(a_pool_starts_with_what_its_settings_say)
{
	struct pool_settings p = prefork;

	assert_int_equal(policy_start(&p), 4);
	p.min_spare = 6;
	assert_int_equal(policy_start(&p), 6);
	p.max_workers = 3;
	assert_int_equal(policy_start(&p), 3);
	assert_int_equal(policy_start(&event), 3);
	assert_int_equal(policy_start(&forking), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prefork_pool_keeps_its_spares),
		cmocka_unit_test(a_busy_prefork_pool_gets_more_at_once),
		cmocka_unit_test(no_pool_grows_beyond_its_cap),
		cmocka_unit_test(what_died_is_replaced),
		cmocka_unit_test(a_throttled_pool_waits_and_says_until_when),
		cmocka_unit_test(the_first_early_death_is_forgiven_and_the_next_double_the_wait),
		cmocka_unit_test(deaths_that_follow_each_other_closely_throttle_whatever_was_served_between),
		cmocka_unit_test(a_death_now_and_then_is_made_good_at_once),
		cmocka_unit_test(all_that_were_there_when_one_died_are_one_failure),
		cmocka_unit_test(a_fork_that_failed_long_ago_is_forgotten),
		cmocka_unit_test(a_pool_starts_with_what_its_settings_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
