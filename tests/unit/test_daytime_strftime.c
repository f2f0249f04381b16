/* SPDX-License-Identifier: MIT */
/* daytime_strftime: each conversion with each flag is what glibc's strftime(3) says. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "service/daytime_strftime.h"

#define NOV_22 INT64_C(1795351771) /* 2026-11-22 12:49:31 UTC */

static const char *said(const char *format, int64_t unix_s, int offset_s, const char *zone)
{
	static char storage[600];
	struct text t = TEXT_OVER(storage);
	struct daytime_moment m = { .local = civil_from_unix(unix_s + offset_s),
				    .offset_s = offset_s,
				    .abbreviation = zone };

	daytime_strftime_add(&t, format, &m);
	return storage;
}

TEST(texts_are_english_and_of_the_moments_zone)
{
	assert_string_equal(said("%a %d %b %Y, %H:%M:%S %Z (%z)", NOV_22, 3600, "CET"),
			    "Sun 22 Nov 2026, 13:49:31 CET (+0100)");
	assert_string_equal(said("%A %B %j %U %G-W%V-%u %e %-d", 1772409600, 0, "UTC"),
			    "Monday March 061 09 2026-W10-1  2 2");
	assert_string_equal(said("%c|%r|%^a|%#Z|%P", NOV_22, 0, "UTC"), "Sun Nov 22 12:49:31 2026|12:49:31 PM|SUN|utc|pm");
	assert_string_equal(said("%s %%s %-%", NOV_22, -3600, "X"), "1795351771 %s %");
}

TEST(what_is_no_conversion_stands_as_it_is)
{
	assert_string_equal(said("%Q %5H % %", NOV_22, 0, "UTC"), "%Q %5H % %");
}

#ifdef __GLIBC__
static void compare(const char *format, int64_t unix_s, int offset_s)
{
	struct civil c = civil_from_unix(unix_s + offset_s);
	struct tm tm = { .tm_year = (int)(c.year - 1900),
			 .tm_mon = c.month - 1,
			 .tm_mday = c.day,
			 .tm_hour = c.hour,
			 .tm_min = c.minute,
			 .tm_sec = c.second,
			 .tm_wday = c.weekday,
			 .tm_yday = c.yearday,
			 .tm_gmtoff = offset_s,
			 .tm_zone = "CEsT" };
	char expected[200];

	(void)strftime(expected, sizeof(expected), format, &tm);
	if (strcmp(said(format, unix_s, offset_s, "CEsT"), expected) != 0)
		fail_msg("\"%s\" of %lld: \"%s\", and strftime(3) says \"%s\"", format, (long long)unix_s,
			 said(format, unix_s, offset_s, "CEsT"), expected);
}

TEST(every_conversion_with_every_flag_is_what_strftime_says)
{
	static const int offsets[] = { 0, 3600, -3600, 19800, -34200, 45900, -43200, 37 * 60, -5 * 60 };
	static const char flags[] = { 0, '-', '_', '0', '^', '#' };
	int64_t at = 0;

	for (const char *letter = "aAbBcCdDeFgGhHIjklmMpPrRSTuUVwWxXyYzZ%"; *letter != '\0'; letter++)
		for (size_t f = 0; f < sizeof(flags); f++) {
			char format[8] = "%";
			size_t n = 1;

			if (flags[f])
				format[n++] = flags[f];
			format[n] = *letter;
			for (int i = 0; i < 2000; i++) /* days and hours as they come, up to 2106 */
				compare(format, at = (at + 2132843 + i) % INT64_C(4291747200), offsets[i % 9]);
		}
}

TEST(weeks_around_every_new_year_are_what_strftime_says)
{
	for (int year = 1971; year < 2106; year++) {
		struct civil c = { .year = year, .month = 12, .day = 24 };

		for (int day = 0; day < 16; day++)
			compare("%G-W%V-%u %g %U %W %j %w", civil_to_unix(&c) + day * 86400, 0);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_english_and_of_the_moments_zone),
		cmocka_unit_test(what_is_no_conversion_stands_as_it_is),
#ifdef __GLIBC__
		cmocka_unit_test(every_conversion_with_every_flag_is_what_strftime_says),
		cmocka_unit_test(weeks_around_every_new_year_are_what_strftime_says),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
