/* SPDX-License-Identifier: MIT */
/* Dates of POSIX times and back: known days, every day of eight calendar cycles, and the ends of the range. */
#include "test.h"

#include <stdio.h>

#include "base/attr.h"
#include "base/civil.h"

#define DAY_S 86400

/* Known from GNU date(1): `date -u -d @N`. */
static const struct {
	int64_t unix_s;
	const char *text; /* weekday, date, time, yearday */
} known[] = {
	{ 0, "Thursday 1970-01-01 00:00:00 0" },
	{ -1, "Wednesday 1969-12-31 23:59:59 364" },
	{ 951782400, "Tuesday 2000-02-29 00:00:00 59" },
	{ 978220800, "Sunday 2000-12-31 00:00:00 365" },
	{ 2085978496, "Thursday 2036-02-07 06:28:16 37" }, /* 2^32 seconds from 1900 */
	{ 2147483647, "Tuesday 2038-01-19 03:14:07 18" },
	{ 2147483648, "Tuesday 2038-01-19 03:14:08 18" },
	{ 4107456000, "Sunday 2100-02-28 00:00:00 58" },
	{ 4107542400, "Monday 2100-03-01 00:00:00 59" }, /* 2100 is no leap year */
	{ 4294967296, "Sunday 2106-02-07 06:28:16 37" },
	{ -2208988800, "Monday 1900-01-01 00:00:00 0" },
	{ -62135596800, "Monday 1-01-01 00:00:00 0" },
	{ -62167219200, "Saturday 0-01-01 00:00:00 0" },
	{ -62167219201, "Friday -1-12-31 23:59:59 364" },
	{ 253402300799, "Friday 9999-12-31 23:59:59 364" },
};

TEST(known_times_have_their_dates)
{
	char text[64];

	for (size_t i = 0; i < array_n(known); i++) {
		struct civil c = civil_from_unix(known[i].unix_s);

		snprintf(text, sizeof(text), "%s %jd-%02d-%02d %02d:%02d:%02d %d", civil_weekday_names[c.weekday],
			 (intmax_t)c.year, c.month, c.day, c.hour, c.minute, c.second, c.yearday);
		assert_string_equal(text, known[i].text);
		assert_true(civil_to_unix(&c) == known[i].unix_s);
	}
}

/* The day after a day, by the rules everybody knows. */
static void next_day(struct civil *c)
{
	c->weekday = (c->weekday + 1) % 7;
	c->yearday++;
	if (++c->day <= civil_month_days(c->year, c->month))
		return;
	c->day = 1;
	if (++c->month <= 12)
		return;
	c->month = 1;
	c->year++;
	c->yearday = 0;
}

TEST(every_day_follows_the_one_before)
{
	struct civil want = { .year = -400, .month = 1, .day = 1, .weekday = 6 };
	int64_t unix_s = civil_to_unix(&want);

	for (; want.year < 2800; unix_s += DAY_S, next_day(&want)) {
		struct civil got = civil_from_unix(unix_s);

		if (got.year != want.year || got.month != want.month || got.day != want.day || got.weekday != want.weekday ||
		    got.yearday != want.yearday || civil_to_unix(&want) != unix_s)
			fail_msg("%jd: %jd-%d-%d, day %d", (intmax_t)unix_s, (intmax_t)got.year, got.month, got.day,
				 got.yearday);
	}
}

TEST(years_far_away_go_there_and_back)
{
	static const int64_t years[] = { -200000000, -1000001, 1000001, 200000000 };

	for (size_t i = 0; i < array_n(years); i++) {
		struct civil c = { .year = years[i], .month = 2, .day = 28, .hour = 23, .minute = 59, .second = 59 };
		struct civil back = civil_from_unix(civil_to_unix(&c));

		assert_true(back.year == c.year);
		assert_int_equal(back.month, 2);
		assert_int_equal(back.day, 28);
		assert_int_equal(back.second, 59);
	}
}

TEST(modified_julian_days_count_from_1858)
{
	static const struct civil nist_example = { .year = 2005, .month = 8, .day = 22, .hour = 23 };

	assert_int_equal(civil_mjd(0), 40587);
	assert_int_equal(civil_mjd(-1), 40586);
	assert_int_equal(civil_mjd(civil_to_unix(&nist_example)), 53604);
	assert_int_equal(civil_mjd(-3506716800), 0); /* 1858-11-17 */
}

TEST(february_has_29_days_in_leap_years_only)
{
	assert_int_equal(civil_month_days(2024, 2), 29);
	assert_int_equal(civil_month_days(2025, 2), 28);
	assert_int_equal(civil_month_days(1900, 2), 28);
	assert_int_equal(civil_month_days(2000, 2), 29);
	assert_int_equal(civil_month_days(2025, 4), 30);
	assert_int_equal(civil_month_days(2025, 12), 31);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_times_have_their_dates),
		cmocka_unit_test(every_day_follows_the_one_before),
		cmocka_unit_test(years_far_away_go_there_and_back),
		cmocka_unit_test(modified_julian_days_count_from_1858),
		cmocka_unit_test(february_has_29_days_in_leap_years_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
