/* SPDX-License-Identifier: MIT */
/* A bucket: its burst, its rate, and what it costs not to be asked. */

#include "test.h"

#include "base/attr.h"
#include "base/clock.h"
#include "admission/rate.h"

#define START_NS (1000 * CLOCK_S_NS)

static struct rate rate_of(uint64_t amount, uint64_t period_s, uint64_t burst)
{
	struct rate r = { .amount = amount, .period_ns = period_s * CLOCK_S_NS, .burst = burst };

	rate_settle(&r);
	return r;
}

/* One of n. */
static bool take(struct bucket *b, const struct rate *r, uint64_t n, uint64_t now_ns)
{
	return bucket_take(b, r, &(struct rate_wanted){ .each = n, .n = 1 }, now_ns) == 1;
}

static uint64_t take_all(struct bucket *b, const struct rate *r, uint64_t now_ns)
{
	uint64_t n = 0;

	while (n < 1000000 && take(b, r, 1, now_ns))
		n++;
	return n;
}

TEST(a_burst_is_given_at_once_and_then_the_rate)
{
	struct rate r = rate_of(200, 1, 400);
	struct bucket b = { 0 };

	assert_int_equal(take_all(&b, &r, START_NS), 400);
	assert_int_equal(take_all(&b, &r, START_NS + CLOCK_S_NS), 200);
	assert_int_equal(take_all(&b, &r, START_NS + CLOCK_S_NS + CLOCK_S_NS / 2), 100);
	/* what is saved up is the burst, however long nobody asked */
	assert_int_equal(take_all(&b, &r, START_NS + 3600 * CLOCK_S_NS), 400);
}

TEST(a_rate_may_be_slow_or_fast)
{
	static const struct {
		uint64_t amount, period_s, burst;
	} rows[] = { { 1, 3600, 3 }, { 10, 60, 10 }, { 7, 1, 2 }, { 3000, 1, 6000 }, { 999999, 1, 10 } };

	for (size_t i = 0; i < array_n(rows); i++) {
		struct rate r = rate_of(rows[i].amount, rows[i].period_s, rows[i].burst);
		struct bucket b = { 0 };
		uint64_t got = 0, steps = 1000;

		assert_int_equal(take_all(&b, &r, START_NS), rows[i].burst);
		for (uint64_t k = 1; k <= steps; k++)
			got += take_all(&b, &r, START_NS + rows[i].period_s * CLOCK_S_NS * 10 / steps * k);
		/* ten periods; at most one in a thousand off, or one; a bucket that runs over in between gives less */
		assert_true(got <= rows[i].amount * 10 + rows[i].amount / 100 + 1);
		assert_true(rows[i].burst < rows[i].amount / 100 + 1 ||
			    got + 1 + rows[i].amount / 100 >= rows[i].amount * 10);
	}
}

TEST(bytes_are_taken_many_at_once)
{
	struct rate r = rate_of(1000, 1, 2000);
	struct bucket b = { 0 };

	assert_true(take(&b, &r, 1500, START_NS));
	assert_false(take(&b, &r, 501, START_NS));
	assert_true(take(&b, &r, 500, START_NS)); /* what was refused has taken nothing */
	assert_false(take(&b, &r, 1, START_NS));
	assert_true(take(&b, &r, 0, START_NS));
	/* more than the burst goes through a full bucket, and is paid off before the next */
	assert_true(take(&b, &r, 65535, START_NS + 2 * CLOCK_S_NS));
	assert_false(take(&b, &r, 1, START_NS + 60 * CLOCK_S_NS));
	assert_true(take(&b, &r, 1, START_NS + 66 * CLOCK_S_NS));
}

/* What is taken at once is what would be taken in turn. */
TEST(many_at_once_get_what_they_would_get_one_by_one)
{
	static const uint64_t each[] = { 1, 7, 400, 3000 };

	for (size_t i = 0; i < array_n(each); i++)
		for (uint32_t n = 1; n <= 64; n++) {
			struct rate r = rate_of(1000, 1, 2000);
			struct bucket at_once = { 0 }, in_turn = { 0 };

			for (uint64_t now_ns = START_NS; now_ns < START_NS + 4 * CLOCK_S_NS; now_ns += CLOCK_S_NS / 3) {
				struct rate_wanted wanted = { .each = each[i], .n = n };
				uint32_t got = 0;

				for (uint32_t k = 0; k < n; k++)
					got += take(&in_turn, &r, each[i], now_ns);
				assert_int_equal(bucket_take(&at_once, &r, &wanted, now_ns), got);
				assert_int_equal(atomic_load(&at_once.spent_ns), atomic_load(&in_turn.spent_ns));
			}
		}
}

TEST(no_rate_is_no_limit)
{
	static const struct rate none;
	struct bucket b = { 0 };

	assert_int_equal(take_all(&b, &none, START_NS), 1000000);
}

TEST(how_long_a_bucket_fills_is_exact_up_to_a_hundred_years)
{
	static const struct {
		uint64_t amount, period_s, burst, burst_ns;
	} rows[] = {
		{ 3, 1, 10, 3333333333 },
		{ 999983, 60, 999979, 59999759995 },
		{ RATE_MAX, 1, RATE_MAX - 1, 999999999 },
		{ RATE_MAX - 1, 3600, RATE_MAX, 3600000000003 },
		{ RATE_MAX - 1, 3600, 1, 3 },
		{ 1, 3600, 875999, UINT64_C(875999) * 3600 * CLOCK_S_NS },
		{ 1, 3600, 876001, UINT64_C(876000) * 3600 * CLOCK_S_NS },
		{ 7, 3600, RATE_MAX, UINT64_C(876000) * 3600 * CLOCK_S_NS },
		{ 1, 3600, UINT64_MAX, UINT64_C(876000) * 3600 * CLOCK_S_NS },
	};

	for (size_t i = 0; i < array_n(rows); i++)
		assert_int_equal(rate_of(rows[i].amount, rows[i].period_s, rows[i].burst).burst_ns, rows[i].burst_ns);
}

TEST(the_largest_rates_do_not_overflow)
{
	struct rate slow = rate_of(1, 3600, RATE_MAX), fast = rate_of(RATE_MAX, 1, RATE_MAX);
	struct bucket b = { 0 }, c = { 0 };

	assert_true(slow.burst_ns <= UINT64_C(100) * 365 * 24 * 3600 * CLOCK_S_NS);
	assert_true(take(&b, &slow, RATE_ONCE_MAX, START_NS));
	assert_false(take(&b, &slow, RATE_ONCE_MAX, START_NS));
	for (int i = 0; i < 1000; i++)
		assert_true(take(&c, &fast, 65535, START_NS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_is_given_at_once_and_then_the_rate),
		cmocka_unit_test(a_rate_may_be_slow_or_fast),
		cmocka_unit_test(bytes_are_taken_many_at_once),
		cmocka_unit_test(many_at_once_get_what_they_would_get_one_by_one),
		cmocka_unit_test(no_rate_is_no_limit),
		cmocka_unit_test(how_long_a_bucket_fills_is_exact_up_to_a_hundred_years),
		cmocka_unit_test(the_largest_rates_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
