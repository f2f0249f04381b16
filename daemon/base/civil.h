/* SPDX-License-Identifier: MIT */
/*
 * Calendar arithmetic in the proleptic Gregorian calendar, without libc's time functions: those read files and the
 * environment behind the caller's back. No leap seconds (POSIX time).
 */
#pragma once

#include <stdint.h>

struct civil {
	int64_t year; /* 1970 is 1970               */
	int month;    /* 1..12                      */
	int day;      /* 1..31                      */
	int hour, minute, second;
	int weekday; /* 0..6, Sunday is 0          */
	int yearday; /* 0..365, 1 January is 0     */
};

/* The date and time of day, UTC, of a POSIX time. Every int64_t within years ±200 000 000 is valid. */
struct civil civil_from_unix(int64_t unix_s);

/* The POSIX time of a civil time (weekday and yearday are not read). */
int64_t civil_to_unix(const struct civil *c);

/* The Modified Julian Day of a POSIX time: 40587 is 1970-01-01. */
int64_t civil_mjd(int64_t unix_s);

/* Days of a month, 1..12, in a year. */
int civil_month_days(int64_t year, int month);

/* C-locale English names: weekday 0..6, month 1..12, whole and three letters. */
extern const char *const civil_weekday_names[7];
extern const char *const civil_month_names[13];
