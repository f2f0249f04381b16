/* SPDX-License-Identifier: MIT */
/* schedule: packets are due at fixed times, missed slots are passed over, and their count comes out right. */
#include "test.h"

#include "base/clock.h"
#include "echoprobe/schedule.h"
#include "probe_numbers.h"

#define START (1000 * CLOCK_S_NS)
#define MS CLOCK_MS_NS

static struct schedule s;

static void begin(enum plan_schedule kind, uint64_t interval_ns, uint64_t burst)
{
	struct plan plan = { .schedule = kind, .interval_ns = interval_ns, .burst = burst };

	schedule_init(&s, &plan, START, 1);
}

/* Sends what is due; how many. */
static unsigned turn(uint64_t now_ns)
{
	unsigned n = 0;

	for (; schedule_due_ns(&s) <= now_ns; n++)
		schedule_advance(&s);
	return n;
}

TEST(packets_are_due_at_whole_intervals_from_the_start_however_late_each_is)
{
	begin(PLAN_PERIODIC, 10 * MS, 1);
	for (unsigned k = 0; k < 1000; k++) {
		assert_true(schedule_due_ns(&s) == START + k * 10 * MS);
		assert_int_equal(schedule_skip(&s, START + k * 10 * MS + 9 * MS), 0);
		assert_int_equal(turn(START + k * 10 * MS + 9 * MS), 1);
	}
}

TEST(slots_missed_by_more_than_an_interval_are_passed_over_and_counted)
{
	begin(PLAN_PERIODIC, 10 * MS, 1);
	assert_int_equal(turn(START), 1);
	assert_int_equal(schedule_skip(&s, START + 20 * MS), 0); /* the slot at 10 is late by an interval, not by more */
	assert_int_equal(schedule_skip(&s, START + 20 * MS + 1), 1);
	assert_int_equal(schedule_skip(&s, START + 95 * MS), 7); /* those at 20 to 80; 90 is late */
	assert_true(schedule_due_ns(&s) == START + 90 * MS);
	assert_int_equal(schedule_skip(&s, START + 95 * MS), 0);
	assert_int_equal(turn(START + 95 * MS), 1);
	assert_true(schedule_due_ns(&s) == START + 100 * MS);
}

TEST(above_a_thousand_a_second_a_millisecond_of_packets_is_caught_up)
{
	begin(PLAN_PERIODIC, 10000, 1);
	assert_int_equal(turn(START), 1);
	assert_int_equal(schedule_skip(&s, START + MS + 10000), 0);
	assert_int_equal(turn(START + MS + 10000), 101);
	assert_int_equal(schedule_skip(&s, START + 3 * MS), 98); /* those from 1.02 to 1.99 */
	assert_true(schedule_due_ns(&s) == START + 2 * MS);
}

TEST(each_slot_is_sent_or_passed_over)
{
	uint64_t seed = 3, now_ns = START, sent = 0, skipped = 0;

	begin(PLAN_PERIODIC, 7 * MS, 1);
	for (unsigned i = 0; i < 5000; i++) {
		now_ns += (uint64_t)random_delay(&seed, 10 * (int64_t)MS);
		skipped += schedule_skip(&s, now_ns);
		sent += turn(now_ns);
		assert_int_equal(sent + skipped, (now_ns - START) / (7 * MS) + 1);
	}
	assert_true(sent > 1000 && skipped > 1000);
}

TEST(a_burst_is_due_at_once_and_once_begun_is_sent_whole)
{
	begin(PLAN_PERIODIC, 10 * MS, 4);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(schedule_due_ns(&s) == START);
		schedule_advance(&s);
	}
	assert_int_equal(schedule_skip(&s, START + 55 * MS), 0);
	schedule_advance(&s);
	assert_int_equal(schedule_skip(&s, START + 55 * MS), 4);
	assert_int_equal(turn(START + 55 * MS), 4);
	assert_true(schedule_due_ns(&s) == START + 60 * MS);
}

TEST(gaps_of_poisson_are_exponential_with_the_interval_as_their_mean)
{
	uint64_t before, gap, longer = 0, far_longer = 0, sum = 0;
	const unsigned n = 100000;

	begin(PLAN_POISSON, 10 * MS, 1);
	for (unsigned i = 0; i < n; i++) {
		before = schedule_due_ns(&s);
		schedule_advance(&s);
		gap = schedule_due_ns(&s) - before;
		sum += gap;
		longer += gap > 10 * MS;
		far_longer += gap > 20 * MS;
	}
	assert_within(sum / n, 10 * MS, 0.02 * 10 * MS);
	assert_within((double)longer / n, 0.3679, 0.01); /* 1/e */
	assert_within((double)far_longer / n, 0.1353, 0.01);
}

TEST(poissons_slots_are_passed_over_at_their_mean_rate)
{
	begin(PLAN_POISSON, 10 * MS, 1);
	assert_int_equal(schedule_skip(&s, START + 1005 * MS), 100);
	assert_true(schedule_due_ns(&s) == START + 1000 * MS);
}

TEST(an_interval_of_0_is_always_due)
{
	begin(PLAN_PERIODIC, 0, 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(schedule_skip(&s, START + 5 * CLOCK_S_NS), 0);
		assert_true(schedule_due_ns(&s) <= START);
		schedule_advance(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_due_at_whole_intervals_from_the_start_however_late_each_is),
		cmocka_unit_test(slots_missed_by_more_than_an_interval_are_passed_over_and_counted),
		cmocka_unit_test(above_a_thousand_a_second_a_millisecond_of_packets_is_caught_up),
		cmocka_unit_test(each_slot_is_sent_or_passed_over),
		cmocka_unit_test(a_burst_is_due_at_once_and_once_begun_is_sent_whole),
		cmocka_unit_test(gaps_of_poisson_are_exponential_with_the_interval_as_their_mean),
		cmocka_unit_test(poissons_slots_are_passed_over_at_their_mean_rate),
		cmocka_unit_test(an_interval_of_0_is_always_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
