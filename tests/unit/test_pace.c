/* SPDX-License-Identifier: MIT */
/* Pacing: what a session that never stops is given, over any time, at any rate. */

#include "test.h"

#include "base/attr.h"
#include "base/clock.h"
#include "session/pace.h"

#define MEGA UINT64_C(1048576)
#define START (1000 * CLOCK_S_NS)

TEST(a_fresh_session_may_send_100_ms_worth)
{
	struct pace p;

	pace_begin(&p, MEGA, START);
	assert_in_range(pace_room(&p, MEGA, START), MEGA / 10 - 1, MEGA / 10);
	pace_begin(&p, 10, START);
	assert_int_equal(pace_room(&p, 10, START), PACE_ROOM_MIN);
}

TEST(what_is_spent_comes_back_at_the_rate)
{
	struct pace p;

	pace_begin(&p, 100000, START);
	pace_spend(&p, 100000, (size_t)pace_room(&p, 100000, START), START);
	assert_int_equal(pace_room(&p, 100000, START), 0);
	assert_int_equal(pace_room(&p, 100000, START + 10 * CLOCK_MS_NS), 1000);
	assert_int_equal(pace_room(&p, 100000, START + 50 * CLOCK_MS_NS), 5000);
	/* and no more than the bucket holds, however long nobody asks */
	assert_int_equal(pace_room(&p, 100000, START + 3600 * CLOCK_S_NS), 10000);
}

/* Takes all it is given whenever it is told to, for 100 s; what it got. */
static uint64_t greedy(uint64_t rate, uint64_t *ret_turns)
{
	uint64_t now_ns = START, sum = 0;
	struct pace p;

	*ret_turns = 0;
	pace_begin(&p, rate, now_ns);
	while (now_ns < START + 100 * CLOCK_S_NS) {
		uint64_t room = pace_room(&p, rate, now_ns);

		if (room < PACE_ROOM_MIN) {
			uint64_t ready_ns = pace_ready_ns(&p, rate);

			assert_true(ready_ns > now_ns);
			now_ns = ready_ns;
			assert_true(pace_room(&p, rate, now_ns) >= PACE_ROOM_MIN);
			++*ret_turns;
			continue;
		}
		pace_spend(&p, rate, (size_t)room, now_ns);
		sum += room;
	}
	return sum;
}

TEST(over_a_long_time_the_rate_is_kept_and_reached)
{
	static const uint64_t rates[] = { 100, 4096, 40960, 1000000, MEGA, 128 * MEGA, UINT64_C(10000000000) };

	for (size_t i = 0; i < array_n(rates); i++) {
		uint64_t rate = rates[i], turns, sum = greedy(rate, &turns);
		uint64_t bucket = rate / 10 > PACE_ROOM_MIN ? rate / 10 : PACE_ROOM_MIN;

		assert_true(sum <= 100 * rate + bucket);
		assert_true(sum + 2 * bucket >= 100 * rate);
		assert_true(turns <= 100 * 21); /* at most every 50 ms: a chargen does not keep the machine busy */
	}
}

TEST(a_rate_without_bound_is_harmless)
{
	struct pace p;

	pace_begin(&p, UINT64_MAX, START);
	assert_true(pace_room(&p, UINT64_MAX, START) >= 1000 * MEGA);
	pace_spend(&p, UINT64_MAX, 65536, START);
	assert_true(pace_ready_ns(&p, UINT64_MAX) <= START + CLOCK_S_NS);
}

TEST(the_slowest_rate_works_on_a_machine_that_has_just_started)
{
	struct pace p;

	/* a bucket of 4096 s when the clock shows 5 s */
	pace_begin(&p, 1, 5 * CLOCK_S_NS);
	assert_int_equal(pace_room(&p, 1, 5 * CLOCK_S_NS), PACE_ROOM_MIN);
	pace_spend(&p, 1, PACE_ROOM_MIN, 5 * CLOCK_S_NS);
	assert_int_equal(pace_room(&p, 1, 5 * CLOCK_S_NS), 0);
	assert_true(pace_ready_ns(&p, 1) == (5 + PACE_ROOM_MIN) * CLOCK_S_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_session_may_send_100_ms_worth),
		cmocka_unit_test(what_is_spent_comes_back_at_the_rate),
		cmocka_unit_test(over_a_long_time_the_rate_is_kept_and_reached),
		cmocka_unit_test(a_rate_without_bound_is_harmless),
		cmocka_unit_test(the_slowest_rate_works_on_a_machine_that_has_just_started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
