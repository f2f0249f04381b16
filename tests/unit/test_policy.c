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
		cmocka_unit_test(a_pool_starts_with_what_its_settings_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
