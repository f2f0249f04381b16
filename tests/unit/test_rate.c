/* SPDX-License-Identifier: MIT */
/* A bucket: its burst, its rate, and what it costs not to be asked. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"
#include "base/clock.h"
#include "session/rate.h"

#define START_NS (1000 * CLOCK_S_NS)

static struct rate rate_of(uint64_t amount, uint64_t period_s, uint64_t burst)
{
	struct rate r = { .amount = amount, .period_ns = period_s * CLOCK_S_NS, .burst = burst };

	rate_settle(&r);
	return r;
}

static uint64_t take_all(struct bucket *b, const struct rate *r, uint64_t now_ns)
{
	uint64_t n = 0;

	while (n < 1000000 && bucket_take(b, r, 1, now_ns))
		n++;
	return n;
}

static void a_burst_is_given_at_once_and_then_the_rate(void **state maybe_unused)
{
	struct rate r = rate_of(200, 1, 400);
	struct bucket b = { 0 };

	assert_int_equal(take_all(&b, &r, START_NS), 400);
	assert_int_equal(take_all(&b, &r, START_NS + CLOCK_S_NS), 200);
	assert_int_equal(take_all(&b, &r, START_NS + CLOCK_S_NS + CLOCK_S_NS / 2), 100);
	/* what is saved up is the burst, however long nobody asked */
	assert_int_equal(take_all(&b, &r, START_NS + 3600 * CLOCK_S_NS), 400);
}

static void a_rate_may_be_slow_or_fast(void **state maybe_unused)
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

static void bytes_are_taken_many_at_once(void **state maybe_unused)
{
	struct rate r = rate_of(1000, 1, 2000);
	struct bucket b = { 0 };

	assert_true(bucket_take(&b, &r, 1500, START_NS));
	assert_false(bucket_take(&b, &r, 501, START_NS));
	assert_true(bucket_take(&b, &r, 500, START_NS)); /* what was refused has taken nothing */
	assert_false(bucket_take(&b, &r, 1, START_NS));
	assert_true(bucket_take(&b, &r, 0, START_NS));
	/* more than the burst goes through a full bucket, and is paid off before the next */
	assert_true(bucket_take(&b, &r, 65535, START_NS + 2 * CLOCK_S_NS));
	assert_false(bucket_take(&b, &r, 1, START_NS + 60 * CLOCK_S_NS));
	assert_true(bucket_take(&b, &r, 1, START_NS + 66 * CLOCK_S_NS));
}

static void no_rate_is_no_limit(void **state maybe_unused)
{
	static const struct rate none;
	struct bucket b = { 0 };

	assert_int_equal(take_all(&b, &none, START_NS), 1000000);
}

static void the_largest_rates_do_not_overflow(void **state maybe_unused)
{
	struct rate slow = rate_of(1, 3600, RATE_MAX), fast = rate_of(RATE_MAX, 1, RATE_MAX);
	struct bucket b = { 0 }, c = { 0 };

	assert_true(slow.burst_ns <= UINT64_C(100) * 365 * 24 * 3600 * CLOCK_S_NS);
	assert_true(bucket_take(&b, &slow, RATE_ONCE_MAX, START_NS));
	assert_false(bucket_take(&b, &slow, RATE_ONCE_MAX, START_NS));
	for (int i = 0; i < 1000; i++)
		assert_true(bucket_take(&c, &fast, 65535, START_NS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_is_given_at_once_and_then_the_rate),
		cmocka_unit_test(a_rate_may_be_slow_or_fast),
		cmocka_unit_test(bytes_are_taken_many_at_once),
		cmocka_unit_test(no_rate_is_no_limit),
		cmocka_unit_test(the_largest_rates_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
