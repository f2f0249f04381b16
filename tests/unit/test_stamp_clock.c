/* SPDX-License-Identifier: MIT */
/* stamp_clock: time stamps and error estimates, both ways, exact to the last bit. */
#include "test.h"

#include "wire/stamp_clock.h"

#define YEAR_2026 1795351771
#define END_OF_NTP_ERA_0 2085978495           /* 2036-02-07 06:28:15 */
#define END_OF_UNIX_ERA_0 INT64_C(4294967295) /* 2106-02-07 06:28:15 */

TEST(an_ntp_stamp_counts_seconds_since_1900_and_fractions)
{
	assert_int_equal(stamp_clock_write(&(struct timespec){ 1700000000, 500000000 }, STAMP_NTP), 0xe8fe6f8080000000);
	assert_int_equal(stamp_clock_write(&(struct timespec){ 1700000000, 500250000 }, STAMP_NTP), 0xe8fe6f808010624d);
	assert_int_equal(stamp_clock_write(&(struct timespec){ 1700000000, 500300000 }, STAMP_NTP), 0xe8fe6f808013a92a);
	assert_int_equal(stamp_clock_write(&(struct timespec){ 1700000000, 999999999 }, STAMP_NTP), 0xe8fe6f80fffffffb);
}

TEST(a_ptp_stamp_counts_seconds_since_1970_and_nanoseconds)
{
	assert_int_equal(stamp_clock_write(&(struct timespec){ 1700000000, 999999999 }, STAMP_PTP), 0x6553f1003b9ac9ff);
}

TEST(a_stamp_of_either_form_is_read_to_the_same_nanosecond)
{
	static const long ns[] = { 0, 1, 2, 3, 499999999, 500000000, 999999998, 999999999 };
	const struct timespec near = { YEAR_2026, 0 };

	for (size_t i = 0; i < array_n(ns); i++)
		for (enum stamp_form form = STAMP_NTP; form <= STAMP_PTP; form++) {
			struct timespec t = { YEAR_2026 - 86400, ns[i] };
			struct timespec back = stamp_clock_read(stamp_clock_write(&t, form), form, &near);

			assert_int_equal(back.tv_sec, t.tv_sec);
			assert_int_equal(back.tv_nsec, t.tv_nsec);
		}
}

static void assert_read_across(time_t end, enum stamp_form form)
{
	for (time_t here = end - 2; here <= end + 2; here++)
		for (time_t there = end - 2; there <= end + 2; there++) {
			uint64_t stamp = stamp_clock_write(&(struct timespec){ there, 7000 }, form);

			assert_int_equal(stamp_clock_read(stamp, form, &(struct timespec){ here, 0 }).tv_sec, there);
		}
}

TEST(a_stamp_right_across_the_end_of_an_era_is_seconds_away_not_136_years)
{
	assert_int_equal(stamp_clock_write(&(struct timespec){ END_OF_NTP_ERA_0 + 1, 0 }, STAMP_NTP), 0);
	assert_read_across(END_OF_NTP_ERA_0, STAMP_NTP);
	assert_read_across(END_OF_UNIX_ERA_0, STAMP_PTP);
}

TEST(a_ptp_stamp_with_too_many_nanoseconds_is_still_a_moment)
{
	struct timespec t = stamp_clock_read(UINT64_C(1700000000) << 32 | UINT32_MAX, STAMP_PTP,
					     &(struct timespec){ 1700000000, 0 });

	assert_int_equal(t.tv_sec, 1700000004);
	assert_int_equal(t.tv_nsec, 294967295);
}

static uint16_t estimate(uint64_t error_ns)
{
	return stamp_error_write(&(struct stamp_error){ .is_synchronised = true, .error_ns = error_ns });
}

TEST(an_error_estimate_has_the_least_scale_that_holds_the_error)
{
	assert_int_equal(estimate(1), 0x8005);
	assert_int_equal(estimate(1000), 0x8587);
	assert_int_equal(estimate(1000000), 0x8F84);
	assert_int_equal(estimate(16000000), 0x9384);
	assert_int_equal(estimate(1000000000), 0x9980);
}

TEST(no_error_is_still_a_multiplier_of_one)
{
	assert_int_equal(estimate(0), 0x8001);
	assert_int_equal(stamp_error_write(&(struct stamp_error){ .is_synchronised = false, .form = STAMP_PTP }), 0x4001);
}

TEST(an_estimate_is_never_less_than_the_error)
{
	for (uint64_t ns = 1; ns < UINT64_C(1000000000) * (UINT32_MAX / 2); ns += ns / 7 + 1) {
		struct stamp_error e = stamp_error_read(estimate(ns));

		assert_true(e.is_valid && e.is_synchronised);
		assert_true(e.error_ns >= ns);
		/* The Multiplier is 128 at least, and one too many at most. */
		assert_true(ns < 1000 || e.error_ns - ns <= ns / 100);
	}
	assert_true(stamp_error_read(estimate(UINT64_MAX)).error_ns == UINT64_MAX);
}

TEST(every_estimate_is_read_and_written_as_the_same_error)
{
	for (unsigned bits = 0; bits <= UINT16_MAX; bits++) {
		struct stamp_error e = stamp_error_read((uint16_t)bits), again;

		assert_int_equal(e.is_synchronised, bits >> 15);
		assert_int_equal(e.form, bits >> 14 & 1);
		assert_int_equal(e.is_valid, (bits & 0xFF) != 0);
		again = stamp_error_read(stamp_error_write(&e));
		if (e.error_ns >= 1000)
			assert_true(again.error_ns >= e.error_ns && again.error_ns - e.error_ns <= e.error_ns / 100);
	}
}

TEST(an_error_that_64_bits_of_nanoseconds_do_not_hold_is_beyond_measure)
{
	assert_int_equal(stamp_error_read(0x3FFF).error_ns, UINT64_MAX);
	assert_int_equal(stamp_error_read(0x2101).error_ns, 2000000000);
	assert_int_equal(stamp_error_read(0x2001).error_ns, 1000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ntp_stamp_counts_seconds_since_1900_and_fractions),
		cmocka_unit_test(a_ptp_stamp_counts_seconds_since_1970_and_nanoseconds),
		cmocka_unit_test(a_stamp_of_either_form_is_read_to_the_same_nanosecond),
		cmocka_unit_test(a_stamp_right_across_the_end_of_an_era_is_seconds_away_not_136_years),
		cmocka_unit_test(a_ptp_stamp_with_too_many_nanoseconds_is_still_a_moment),
		cmocka_unit_test(an_error_estimate_has_the_least_scale_that_holds_the_error),
		cmocka_unit_test(no_error_is_still_a_multiplier_of_one),
		cmocka_unit_test(an_estimate_is_never_less_than_the_error),
		cmocka_unit_test(every_estimate_is_read_and_written_as_the_same_error),
		cmocka_unit_test(an_error_that_64_bits_of_nanoseconds_do_not_hold_is_beyond_measure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
