/* SPDX-License-Identifier: MIT */
/*
 * The lines that daytime answers with, but NIST's: a moment in a format.
 *
 * The known formats have a function each; any other is a text of strftime(3)'s conversions (daytime_strftime.h). Whether it
 * is one line of a known length is checked when the settings are read.
 */
#include "service/daytime_format.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

typedef void add_fn(struct text *t, const struct daytime_moment *m);

/* "Sunday, November 22, 2026 12:49:31-UTC" */
static void add_rfc867(struct text *t, const struct daytime_moment *m)
{
	const struct civil *c = &m->local;

	text_addf(t, "%s, %s %d, %lld %02d:%02d:%02d-%s", civil_weekday_names[c->weekday], civil_month_names[c->month],
		  c->day, (long long)c->year, c->hour, c->minute, c->second, m->abbreviation);
}

/* "Sun Nov 22 12:49:52 2026" */
static void add_ctime(struct text *t, const struct daytime_moment *m)
{
	const struct civil *c = &m->local;

	text_addf(t, "%.3s %.3s %2d %02d:%02d:%02d %lld", civil_weekday_names[c->weekday], civil_month_names[c->month],
		  c->day, c->hour, c->minute, c->second, (long long)c->year);
}

static void add_smtp_date(struct text *t, const struct civil *c)
{
	static const char months[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";

	text_addf(t, "%02d %.3s ", c->day, months + 3 * (c->month - 1));
}

static void add_time_and_zone(struct text *t, const struct daytime_moment *m)
{
	text_addf(t, " %02d:%02d:%02d %s", m->local.hour, m->local.minute, m->local.second, m->abbreviation);
}

/* "22 NOV 26 12:49:31 UTC" */
static void add_smtp(struct text *t, const struct daytime_moment *m)
{
	add_smtp_date(t, &m->local);
	text_addf(t, "%02d", (int)(m->local.year % 100));
	add_time_and_zone(t, m);
}

/* "22 NOV 2026 12:49:31 UTC" */
static void add_smtp4(struct text *t, const struct daytime_moment *m)
{
	add_smtp_date(t, &m->local);
	text_addf(t, "%lld", (long long)m->local.year);
	add_time_and_zone(t, m);
}

/* "2026-11-22T12:49:31Z", "2026-11-22T13:49:31+01:00" (RFC 3339) */
static void add_iso(struct text *t, const struct daytime_moment *m)
{
	const struct civil *c = &m->local;
	int minutes = abs(m->offset_s) / 60;

	text_addf(t, "%04lld-%02d-%02dT%02d:%02d:%02d", (long long)c->year, c->month, c->day, c->hour, c->minute, c->second);
	if (m->offset_s == 0)
		text_add(t, "Z");
	else
		text_addf(t, "%c%02d:%02d", m->offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

static const struct {
	const char *name;
	add_fn *add;
} known[] = {
	{ "rfc867", add_rfc867 }, { "ctime", add_ctime }, { "smtp", add_smtp }, { "smtp4", add_smtp4 }, { "iso", add_iso },
};

static add_fn *find(const char *format)
{
	for (size_t i = 0; i < array_n(known); i++)
		if (strcmp(format, known[i].name) == 0)
			return known[i].add;
	return NULL;
}

void daytime_format_add(struct text *t, const char *format, const struct daytime_moment *m)
{
	add_fn *add = find(format);

	if (add)
		add(t, m);
	else
		daytime_strftime_add(t, format, m);
}

/* Late on the last of a month of a leap year, when numbers are at their longest. */
static struct daytime_moment long_moment(int month, int weekday, int offset_s, const char *abbreviation)
{
	return (struct daytime_moment){
		.local = { .year = 2096,
			   .month = month,
			   .day = 31,
			   .hour = 23,
			   .minute = 59,
			   .second = 59,
			   .weekday = weekday,
			   .yearday = 365 },
		.offset_s = offset_s,
		.abbreviation = abbreviation,
	};
}

/* The most bytes of one conversion: names differ by month and weekday, so each pair is tried. */
static size_t measure_conversion(const char *conversion, int offset_s, const char *abbreviation)
{
	size_t most = 0;

	for (int month = 1; month <= 12; month++) {
		for (int weekday = 0; weekday < 7; weekday++) {
			struct daytime_moment m = long_moment(month, weekday, offset_s, abbreviation);
			char storage[64];
			struct text t = TEXT_OVER(storage);

			daytime_strftime_add(&t, conversion, &m);
			if (t.len > most)
				most = t.len;
		}
	}
	return most;
}

static bool is_printing(char c)
{
	return c >= 0x20 && c <= 0x7E;
}

static size_t measure_strftime(const char *format, int offset_s, const char *abbreviation)
{
	size_t total = 0, conversions = 0;

	for (const char *s = format; *s != '\0';) {
		char conversion[4] = "";
		size_t n = 1;

		if (!is_printing(*s))
			return 0;
		if (*s == '%') {
			n = daytime_strftime_length(s);
			if (n == 0)
				return 0;
			memcpy(conversion, s, n);
			total += measure_conversion(conversion, offset_s, abbreviation);
			conversions += s[n - 1] != '%';
		} else {
			total++;
		}
		s += n;
	}
	return conversions > 0 ? total : 0; /* a text that says no time is a name misspelt */
}

size_t daytime_format_measure(const char *format, int offset_s, const char *abbreviation)
{
	struct daytime_moment m = long_moment(9, 3, offset_s,
					      abbreviation); /* a Wednesday in September: the longest names */
	add_fn *add = find(format);
	char storage[DAYTIME_BYTES_MAX];
	struct text t = TEXT_OVER(storage);

	if (!add)
		return measure_strftime(format, offset_s, abbreviation);
	add(&t, &m);
	return t.len;
}

void daytime_format_explain(struct text *why, const char *format)
{
	bool has_conversion = false;

	for (const char *s = format; *s != '\0';) {
		size_t n = *s == '%' ? daytime_strftime_length(s) : 1;

		if (!is_printing(*s)) {
			text_add(why, "holds a character that is not printing ASCII");
			return;
		}
		if (n == 0) {
			text_addf(why,
				  "has \"%.*s\", which is no conversion here (strftime(3)'s that make one line, no widths)",
				  s[1] != '\0' && is_printing(s[1]) ? 2 : 1, s);
			return;
		}
		has_conversion = has_conversion || (*s == '%' && s[1] != '%');
		s += n;
	}
	if (!has_conversion)
		text_add(why, "says no time (\"rfc867\", \"ctime\", \"smtp\", \"smtp4\", \"iso\", \"nist\" or a strftime "
			      "text: \"%Y-%m-%d %H:%M:%S %Z\")");
	else
		text_addf(why, "makes more than %d bytes", DAYTIME_BYTES_MAX - 2);
}
