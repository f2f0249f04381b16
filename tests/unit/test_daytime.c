/* SPDX-License-Identifier: MIT */
/* daytime (RFC 867): each format, byte by byte, in zones with their changes. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "serve.h"
#include "service/daytime.h"
#include "service/daytime_format.h"

/* Parts of real zones, so that no test needs a tz database. */
static struct zone_span rome_spans[] = {
	{ .from_unix_s = INT64_MIN, .offset_s = 3600, .abbreviation = "CET" },
	{ .from_unix_s = 1774746000, .offset_s = 7200, .dst = true, .abbreviation = "CEST" }, /* 2026-03-29 01:00 UTC */
	{ .from_unix_s = 1792890000, .offset_s = 3600, .abbreviation = "CET" },               /* 2026-10-25 01:00 UTC */
	{ .from_unix_s = 1806195600, .offset_s = 7200, .dst = true, .abbreviation = "CEST" }, /* 2027-03-28 01:00 UTC */
};
static const struct zone rome = { .name = "Europe/Rome", .spans_n = array_n(rome_spans), .spans = rome_spans };
static struct zone_span denver_spans[] = {
	{ .from_unix_s = INT64_MIN, .offset_s = -25200, .abbreviation = "MST" },
	{ .from_unix_s = 1772960400, .offset_s = -21600, .dst = true, .abbreviation = "MDT" }, /* 2026-03-08 09:00 UTC */
	{ .from_unix_s = 1793520000, .offset_s = -25200, .abbreviation = "MST" },              /* 2026-11-01 08:00 UTC */
};
static const struct zone denver = { .name = "America/Denver", .spans_n = array_n(denver_spans), .spans = denver_spans };
static struct zone_span kolkata_spans[] = { { .from_unix_s = INT64_MIN, .offset_s = 19800, .abbreviation = "IST" } };
static const struct zone kolkata = { .name = "Asia/Kolkata", .spans_n = 1, .spans = kolkata_spans };

/* Its clocks go back at midnight, to 23:00 of the day before. */
static struct zone_span beirut_spans[] = {
	{ .from_unix_s = INT64_MIN, .offset_s = 10800, .dst = true, .abbreviation = "EEST" },
	{ .from_unix_s = 1792875600, .offset_s = 7200, .abbreviation = "EET" }, /* 2026-10-24 21:00 UTC */
};
static const struct zone beirut = { .name = "Asia/Beirut", .spans_n = array_n(beirut_spans), .spans = beirut_spans };

#define NOV_22 1795351771 /* 2026-11-22 12:49:31 UTC, a Sunday */

/* What a client reads. */
static const char *said(const char *format, const struct zone *zone, int64_t unix_s)
{
	static struct serve s;

	serve_begin(&s, "daytime", TRANSPORT_TCP);
	s.options.format = format;
	s.options.zone = zone;
	s.ctx.wall.tv_sec = unix_s;
	serve_open(&s);
	assert_int_equal(s.verdict, SVC_DONE);
	return s.said;
}

TEST(formats_are_what_their_users_know)
{
	assert_string_equal(said("rfc867", &zone_utc, NOV_22), "Sunday, November 22, 2026 12:49:31-UTC\r\n");
	assert_string_equal(said("ctime", &zone_utc, NOV_22 + 21), "Sun Nov 22 12:49:52 2026\r\n");
	assert_string_equal(said("smtp", &zone_utc, NOV_22), "22 NOV 26 12:49:31 UTC\r\n");
	assert_string_equal(said("smtp4", &zone_utc, NOV_22), "22 NOV 2026 12:49:31 UTC\r\n");
	assert_string_equal(said("iso", &zone_utc, NOV_22), "2026-11-22T12:49:31Z\r\n");
	assert_string_equal(said("nist", &zone_utc, NOV_22), "\n61366 26-11-22 12:49:31 00 0 0   0.0 UTC(ETMD) * \n");
}

TEST(days_of_one_digit_and_february_are_right)
{
	/* 1982-02-22 was a Monday: the RFC's first example says Tuesday. */
	assert_string_equal(said("rfc867", &zone_utc, 383247463), "Monday, February 22, 1982 17:37:43-UTC\r\n");
	assert_string_equal(said("rfc867", &zone_utc, 1772409600), "Monday, March 2, 2026 00:00:00-UTC\r\n");
	assert_string_equal(said("ctime", &zone_utc, 1772409600), "Mon Mar  2 00:00:00 2026\r\n"); /* as ctime(3) */
	assert_string_equal(said("smtp", &zone_utc, 381484741), "02 FEB 82 07:59:01 UTC\r\n");
	assert_string_equal(said("iso", &zone_utc, 951782400), "2000-02-29T00:00:00Z\r\n");
	assert_string_equal(said("iso", &zone_utc, -1), "1969-12-31T23:59:59Z\r\n");
	assert_string_equal(said("iso", &zone_utc, 2147483648), "2038-01-19T03:14:08Z\r\n");
	assert_string_equal(said("iso", &zone_utc, 4294967296), "2106-02-07T06:28:16Z\r\n");
}

TEST(every_month_has_its_name)
{
	static const char *const months[] = { "JAN", "FEB", "MAR", "APR", "MAY", "JUN",
					      "JUL", "AUG", "SEP", "OCT", "NOV", "DEC" };

	for (int i = 0; i < 12; i++) {
		char expected[64];
		const char *answer = said("smtp4", &zone_utc, 1767225600 + 1 + 86400 * (15 + i * 304 / 10));

		snprintf(expected, sizeof(expected), " %s 2026 00:00:01 UTC\r\n", months[i]);
		assert_string_equal(answer + 2, expected);
	}
}

TEST(zones_move_the_clock_and_lend_their_name)
{
	assert_string_equal(said("rfc867", &rome, NOV_22), "Sunday, November 22, 2026 13:49:31-CET\r\n");
	assert_string_equal(said("iso", &rome, NOV_22), "2026-11-22T13:49:31+01:00\r\n");
	assert_string_equal(said("iso", &denver, NOV_22), "2026-11-22T05:49:31-07:00\r\n");
	assert_string_equal(said("iso", &kolkata, NOV_22), "2026-11-22T18:19:31+05:30\r\n");
	assert_string_equal(said("smtp", &rome, 1792889999), "25 OCT 26 02:59:59 CEST\r\n");
	assert_string_equal(said("smtp", &rome, 1792890000), "25 OCT 26 02:00:00 CET\r\n");
	assert_string_equal(said("smtp4", &denver, 1772960399), "08 MAR 2026 01:59:59 MST\r\n");
	assert_string_equal(said("smtp4", &denver, 1772960400), "08 MAR 2026 03:00:00 MDT\r\n");
	assert_string_equal(said("ctime", &rome, 1798757999), "Thu Dec 31 23:59:59 2026\r\n");
	assert_string_equal(said("ctime", &rome, 1798758000), "Fri Jan  1 00:00:00 2027\r\n"); /* one hour before UTC's */
}

TEST(a_strftime_text_is_said_in_the_c_locale)
{
	setenv("TZ", "Asia/Tokyo", 1); /* the process's own zone has no say */
	assert_string_equal(said("%a %d %b %Y, %H:%M:%S %Z (%z)", &rome, NOV_22),
			    "Sun 22 Nov 2026, 13:49:31 CET (+0100)\r\n");
	assert_string_equal(said("%A %B %j %U %G-W%V-%u %e %-d", &zone_utc, 1772409600),
			    "Monday March 061 09 2026-W10-1  2 2\r\n");
	assert_string_equal(said("%I:%M %p %y 100%%", &denver, NOV_22), "05:49 AM 26 100%\r\n");
	assert_string_equal(said("%z", &denver, NOV_22), "-0700\r\n");
	unsetenv("TZ");
}

TEST(nist_says_utc_in_any_zone)
{
	assert_string_equal(said("nist", &rome, NOV_22), "\n61366 26-11-22 12:49:31 00 0 0   0.0 UTC(ETMD) * \n");
	assert_string_equal(said("nist", &denver, 1124679473), "\n53604 05-08-22 02:57:53 00 0 0   0.0 UTC(ETMD) * \n");
	assert_string_equal(said("nist", &rome, 946684800), "\n51544 00-01-01 00:00:00 00 0 0   0.0 UTC(ETMD) * \n");
	assert_int_equal(strlen(said("nist", &rome, NOV_22)), 51);
}

/* The TT field of NIST's line. */
static int dst_field(const struct zone *zone, int64_t unix_s)
{
	const char *answer = said("nist", zone, unix_s);

	return (answer[25] - '0') * 10 + answer[26] - '0';
}

TEST(nist_counts_the_days_to_a_change_of_daylight_saving_time)
{
	assert_int_equal(dst_field(&zone_utc, NOV_22), 0);
	assert_int_equal(dst_field(&kolkata, NOV_22), 0);
	/* Denver, by its own calendar: 8 March and 1 November 2026. */
	assert_int_equal(dst_field(&denver, 1769900400), 0);  /* 31 January 16:00                 */
	assert_int_equal(dst_field(&denver, 1772348399), 0);  /* 28 February, the last second     */
	assert_int_equal(dst_field(&denver, 1772348400), 58); /* 1 March: 7 days ahead            */
	assert_int_equal(dst_field(&denver, 1772953199), 52); /* 7 March, the last second         */
	assert_int_equal(dst_field(&denver, 1772953200), 51); /* 8 March, the day of the change   */
	assert_int_equal(dst_field(&denver, 1772960399), 51);
	assert_int_equal(dst_field(&denver, 1772960400), 50); /* it has come                      */
	assert_int_equal(dst_field(&denver, 1793512799), 50); /* 31 October, the last second      */
	assert_int_equal(dst_field(&denver, 1793512800), 1);  /* 1 November, until 02:00          */
	assert_int_equal(dst_field(&denver, 1793520000), 0);
	assert_int_equal(dst_field(&beirut, 1792875599), 2); /* 24 October 23:59:59: it comes on the 25th */
	assert_int_equal(dst_field(&rome, 1790805600), 25);  /* 1 October: 24 days ahead of 25th */
	assert_int_equal(dst_field(&rome, 1772319600), 79);  /* 1 March: 28 days ahead of 29th   */
}

/* The L and H fields. */
static void assert_leap_and_health(int64_t unix_s, struct clock_status clock, char leap, char health)
{
	struct serve s;

	serve_begin(&s, "daytime", TRANSPORT_UDP);
	s.options.format = "nist";
	s.ctx.wall.tv_sec = unix_s;
	s.ctx.clock = clock;
	serve_datagram(&s, "", 0, 64);
	assert_int_equal(s.said_n, 51);
	assert_int_equal(s.said[28], leap);
	assert_int_equal(s.said[30], health);
}

TEST(nist_announces_a_leap_second_on_the_last_day_of_the_month)
{
	struct clock_status insert = { .state = CLOCK_SYNCHRONISED, .leap_insert = true };
	struct clock_status omit = { .state = CLOCK_SYNCHRONISED, .leap_delete = true };

	assert_leap_and_health(1798675200, insert, '1', '0'); /* 2026-12-31 00:00:00 */
	assert_leap_and_health(1798761599, insert, '1', '0');
	assert_leap_and_health(1798761600, insert, '0', '0');
	assert_leap_and_health(1798675199, insert, '0', '0');
	assert_leap_and_health(1798675200, omit, '2', '0');
	assert_leap_and_health(1798675200, (struct clock_status){ .state = CLOCK_SYNCHRONISED }, '0', '0');
}

TEST(nist_tells_how_good_the_clock_is)
{
	static const struct {
		struct clock_status clock;
		char health;
	} cases[] = {
		{ { .state = CLOCK_SYNCHRONISED, .max_error_us = 999999 }, '0' },
		{ { .state = CLOCK_SYNCHRONISED, .max_error_us = 1000000 }, '1' },
		{ { .state = CLOCK_SYNCHRONISED, .max_error_us = 4999999 }, '1' },
		{ { .state = CLOCK_SYNCHRONISED, .max_error_us = 5000000 }, '2' },
		{ { .state = CLOCK_UNSYNCHRONISED, .max_error_us = 16000000 }, '2' },
		{ { .state = CLOCK_UNSYNCHRONISED, .max_error_us = 1000 }, '2' },
		{ { .state = CLOCK_SYNCHRONISED, .failed = true }, '3' },
		{ { .state = CLOCK_UNKNOWN }, '3' },
	};

	for (size_t i = 0; i < array_n(cases); i++)
		assert_leap_and_health(NOV_22, cases[i].clock, '0', cases[i].health);
}

TEST(any_datagram_is_answered_whole_or_not_at_all)
{
	struct serve s;

	serve_begin(&s, "daytime", TRANSPORT_UDP);
	s.options.format = "ctime";
	serve_datagram(&s, "", 0, 26);
	assert_int_equal(s.verdict, SVC_DONE);
	assert_int_equal(s.said_n, 26);
	serve_datagram(&s, "x", 1, 25);
	assert_int_equal(s.verdict, SVC_DROP);
	assert_int_equal(s.said_n, 0);
}

TEST(require_sync_gives_no_answer_by_a_doubtful_clock)
{
	struct serve s;

	serve_begin(&s, "daytime", TRANSPORT_TCP);
	s.options.require_sync = true;
	s.ctx.clock.state = CLOCK_UNSYNCHRONISED;
	serve_open(&s);
	assert_int_equal(s.verdict, SVC_DROP);
	assert_int_equal(s.said_n, 0);
	s.ctx.clock.state = CLOCK_UNKNOWN;
	serve_open(&s);
	assert_int_equal(s.verdict, SVC_DROP);
	s.ctx.clock.state = CLOCK_SYNCHRONISED;
	serve_open(&s);
	assert_int_equal(s.verdict, SVC_DONE);
}

TEST(formats_that_break_the_line_or_say_no_time_are_refused)
{
	static const char *const good[] = { "rfc867", "ctime",      "smtp",     "smtp4", "iso", "nist", "%c",
					    "%F %T",  "%_d.%-m.%Y", "at %R %%", "%^a",   "%s",  "%%%s" };
	static const char *const bad[] = {
		"",       "rfc876", "hello", "100%%", "%",       "%H:%M%",         "%H%n%M", "%H%t", "%%s", "%+",
		"%Ey %d", "%Od %d", "%H\n",  "%H\r",  "%H \x7f", "%H caf\xc3\xa9", "%20d",   "%-",   "%Q",  "%--d"
	};
	char longest[600];

	for (size_t i = 0; i < array_n(good); i++)
		if (!daytime_format_valid(good[i]))
			fail_msg("\"%s\" is a format", good[i]);
	for (size_t i = 0; i < array_n(bad); i++)
		if (daytime_format_valid(bad[i]))
			fail_msg("\"%s\" is no format", bad[i]);
	memset(longest, '-', sizeof(longest));
	memcpy(longest, "%Y", 2); /* 4 bytes, and CR LF */
	longest[508] = '\0';
	assert_true(daytime_format_valid(longest));
	assert_int_equal(strlen(said(longest, &zone_utc, NOV_22)), 512);
	longest[508] = '-';
	longest[509] = '\0';
	assert_false(daytime_format_valid(longest));
}

TEST(seconds_since_1970_are_the_same_in_every_zone)
{
	assert_string_equal(said("%s", &zone_utc, NOV_22), "1795351771\r\n");
	assert_string_equal(said("%s", &denver, NOV_22), "1795351771\r\n");
	assert_string_equal(said("at %s, %%s %Y", &rome, NOV_22), "at 1795351771, %s 2026\r\n");
	assert_string_equal(said("%Y %-%s", &zone_utc, NOV_22), "2026 %s\r\n");
	assert_string_equal(said("%s", &rome, -1), "-1\r\n");
}

TEST(a_format_that_is_none_is_told_why)
{
	static const struct {
		const char *format, *why;
	} formats[] = {
		{ "%H %Q", "has \"%Q\", which is no conversion here" },
		{ "%5H", "has \"%5\", which is no conversion here" },
		{ "%H%", "has \"%\", which is no conversion here" },
		{ "%%", "says no time" },
		{ "hello", "says no time" },
		{ "%H\n", "holds a character that is not printing ASCII" },
	};

	for (size_t i = 0; i < array_n(formats); i++) {
		char storage[256];
		struct text why = TEXT_OVER(storage);

		assert_false(daytime_format_valid(formats[i].format));
		daytime_format_explain(&why, formats[i].format);
		assert_memory_equal(why.at, formats[i].why, strlen(formats[i].why));
	}
}

TEST(no_answer_is_longer_than_the_longest_foretold)
{
	static const char *const formats[] = { "rfc867",       "ctime", "smtp",       "smtp4",     "iso", "nist",
					       "%A %B %-d %Z", "%c %z", "%-j %-V %A", "%-I %-l%p", "%s",  "%s %%s %s" };
	static const struct zone *const zones[] = { &zone_utc, &rome, &denver, &kolkata };

	for (size_t f = 0; f < array_n(formats); f++) {
		for (size_t z = 0; z < array_n(zones); z++) {
			size_t longest = daytime_format_longest(formats[f], zones[z]), seen = 0;

			for (int64_t t = 1767225600; t < 1803000000; t += 12 * 3600 - 61) {
				size_t n = strlen(said(formats[f], zones[z], t));

				seen = n > seen ? n : seen;
			}
			if (seen > longest || seen + 3 < longest)
				fail_msg("%s in %s: %zu foretold, %zu seen", formats[f], zones[z]->name, longest, seen);
		}
	}
	assert_int_equal(daytime_format_longest("ctime", &zone_utc), 26);
	assert_int_equal(daytime_format_longest("nist", &rome), 51);
	assert_int_equal(daytime_format_longest("iso", &zone_utc), 22);
	assert_int_equal(daytime_format_longest("iso", &rome), 27);
	assert_int_equal(daytime_format_longest("rfc867", &rome), strlen("Wednesday, September 30, 2026 12:49:31-CEST\r\n"));
	assert_true(daytime_format_longest("%A %A %A %A %A %A %A", &zone_utc) > 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_are_what_their_users_know),
		cmocka_unit_test(days_of_one_digit_and_february_are_right),
		cmocka_unit_test(every_month_has_its_name),
		cmocka_unit_test(zones_move_the_clock_and_lend_their_name),
		cmocka_unit_test(a_strftime_text_is_said_in_the_c_locale),
		cmocka_unit_test(nist_says_utc_in_any_zone),
		cmocka_unit_test(nist_counts_the_days_to_a_change_of_daylight_saving_time),
		cmocka_unit_test(nist_announces_a_leap_second_on_the_last_day_of_the_month),
		cmocka_unit_test(nist_tells_how_good_the_clock_is),
		cmocka_unit_test(any_datagram_is_answered_whole_or_not_at_all),
		cmocka_unit_test(require_sync_gives_no_answer_by_a_doubtful_clock),
		cmocka_unit_test(formats_that_break_the_line_or_say_no_time_are_refused),
		cmocka_unit_test(seconds_since_1970_are_the_same_in_every_zone),
		cmocka_unit_test(a_format_that_is_none_is_told_why),
		cmocka_unit_test(no_answer_is_longer_than_the_longest_foretold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
