/* SPDX-License-Identifier: MIT */
/*
 * Calendar arithmetic by counting days.
 *
 * Years are counted from 1 March here, so that 29 February is the last day of a year and no month's start depends on it.
 * The calendar repeats every 400 years: 146097 days.
 */
#include "base/civil.h"

#include <assert.h>

#define DAY_S 86400
#define DAYS_400_YEARS 146097
#define DAYS_100_YEARS 36524
#define DAYS_4_YEARS 1461
#define DAYS_BEFORE_1970 719468 /* from 1 March of year 0 */
#define MJD_OF_1970 40587

const char *const civil_weekday_names[7] = {
	"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
};
const char *const civil_month_names[13] = {
	"",     "January", "February",  "March",   "April",    "May",      "June",
	"July", "August",  "September", "October", "November", "December",
};

/* Days from 1 March to the first of March, April, … February. */
static const int days_from_march[12] = { 0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337 };

static int64_t floor_div(int64_t a, int64_t b)
{
	int64_t q = a / b;

	return a % b < 0 ? q - 1 : q;
}

static int is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1 March of year 0 to a date. */
static int64_t days_to(int64_t year, int month, int day)
{
	int from_march = (month + 9) % 12;       /* March is 0, February 11             */
	int64_t y = month < 3 ? year - 1 : year; /* the year that began in March        */
	int64_t cycle = floor_div(y, 400);
	int64_t in_cycle = y - cycle * 400;
	int64_t leap_days = in_cycle / 4 - in_cycle / 100; /* year 0's own came before its March */

	return cycle * DAYS_400_YEARS + in_cycle * 365 + leap_days + days_from_march[from_march] + day - 1;
}

/* The date of a number of days from 1 March of year 0: peel off 400, 100, 4 and 1 years, then months. The last of the four
 * centuries and the last of four years are a day longer than the others: hence the two limits of 3. */
static void set_date(struct civil *c, int64_t days)
{
	int64_t cycle = floor_div(days, DAYS_400_YEARS);
	int rest = (int)(days - cycle * DAYS_400_YEARS);
	int centuries = rest / DAYS_100_YEARS > 3 ? 3 : rest / DAYS_100_YEARS;
	int fours, years, month = 11;

	rest -= centuries * DAYS_100_YEARS;
	fours = rest / DAYS_4_YEARS;
	rest -= fours * DAYS_4_YEARS;
	years = rest / 365 > 3 ? 3 : rest / 365;
	rest -= years * 365;
	while (days_from_march[month] > rest)
		month--;
	c->year = cycle * 400 + centuries * 100 + fours * 4 + years + (month >= 10);
	c->month = (month + 2) % 12 + 1;
	c->day = rest - days_from_march[month] + 1;
}

struct civil civil_from_unix(int64_t unix_s)
{
	struct civil c;
	int64_t day = floor_div(unix_s, DAY_S);
	int second = (int)(unix_s - day * DAY_S);
	int64_t week = floor_div(day + 4, 7); /* 1970-01-01 was a Thursday */

	set_date(&c, day + DAYS_BEFORE_1970);
	c.hour = second / 3600;
	c.minute = second / 60 % 60;
	c.second = second % 60;
	c.weekday = (int)(day + 4 - week * 7);
	c.yearday = (int)(day + DAYS_BEFORE_1970 - days_to(c.year, 1, 1));
	return c;
}

int64_t civil_to_unix(const struct civil *c)
{
	int64_t day = days_to(c->year, c->month, c->day) - DAYS_BEFORE_1970;

	return day * DAY_S + c->hour * 3600 + c->minute * 60 + c->second;
}

int64_t civil_mjd(int64_t unix_s)
{
	return floor_div(unix_s, DAY_S) + MJD_OF_1970;
}

int civil_month_days(int64_t year, int month)
{
	static const int days[13] = { 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	assert(month >= 1 && month <= 12);
	return days[month] + (month == 2 && is_leap(year));
}
