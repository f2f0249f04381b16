/* SPDX-License-Identifier: MIT */
/*
 * strftime(3) in the C locale, of a moment whose zone is known.
 *
 * The C libraries' own differ: musl's knows no names of zones but those of the process and half of the flags, and glibc's
 * makes "%s" in the zone of the process. What is written here is what glibc's says; tests/unit/test_daytime_strftime.c
 * compares the two.
 */
#include "service/daytime_strftime.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

/* How letters are written, by the flag. */
enum letters { AS_THEY_ARE, UPPER, LOWER };

struct conversion {
	char letter, flag; /* '\0': none */
};

size_t daytime_strftime_length(const char *s)
{
	size_t n = 1;

	if (s[n] == 's')
		return 2;
	if (s[n] != '\0' && strchr("-_0^#", s[n]))
		n++;
	return s[n] != '\0' && strchr("aAbBcCdDeFgGhHIjklmMpPrRSTuUVwWxXyYzZ%", s[n]) ? n + 1 : 0;
}

/* ---- weeks ---- */

/* Week 1 is that of the year's first `first` (0: Sunday, 1: Monday); the days before it are in week 0. */
static int week_from(const struct civil *c, int first)
{
	return (c->yearday + 7 - (c->weekday + 7 - first) % 7) / 7;
}

static int days_of(int64_t year)
{
	return civil_month_days(year, 2) == 29 ? 366 : 365;
}

/* ISO 8601: weeks begin on Monday, and belong to the year that has their Thursday. */
static int iso_week(const struct civil *c, int64_t *ret_year)
{
	int thursday = c->yearday + 3 - (c->weekday + 6) % 7;

	*ret_year = c->year;
	if (thursday < 0)
		thursday += days_of(--*ret_year);
	else if (thursday >= days_of(c->year))
		thursday -= days_of((*ret_year)++);
	return thursday / 7 + 1;
}

/* ---- numbers ---- */

struct number {
	int64_t value;
	int digits;
	char pad;
};

/* The number that a letter stands for; no digits: it stands for none. */
static struct number number_of(char letter, const struct civil *c)
{
	int64_t iso_year;
	int week = iso_week(c, &iso_year), hour12 = (c->hour + 11) % 12 + 1;

	switch (letter) {
	case 'C':
		return (struct number){ c->year / 100, 2, '0' };
	case 'd':
		return (struct number){ c->day, 2, '0' };
	case 'e':
		return (struct number){ c->day, 2, ' ' };
	case 'g':
		return (struct number){ iso_year % 100, 2, '0' };
	case 'G':
		return (struct number){ iso_year, 4, '0' };
	case 'H':
		return (struct number){ c->hour, 2, '0' };
	case 'I':
		return (struct number){ hour12, 2, '0' };
	case 'j':
		return (struct number){ c->yearday + 1, 3, '0' };
	case 'k':
		return (struct number){ c->hour, 2, ' ' };
	case 'l':
		return (struct number){ hour12, 2, ' ' };
	case 'm':
		return (struct number){ c->month, 2, '0' };
	case 'M':
		return (struct number){ c->minute, 2, '0' };
	case 'S':
		return (struct number){ c->second, 2, '0' };
	case 'u':
		return (struct number){ (c->weekday + 6) % 7 + 1, 1, '0' };
	case 'U':
		return (struct number){ week_from(c, 0), 2, '0' };
	case 'V':
		return (struct number){ week, 2, '0' };
	case 'w':
		return (struct number){ c->weekday, 1, '0' };
	case 'W':
		return (struct number){ week_from(c, 1), 2, '0' };
	case 'y':
		return (struct number){ c->year % 100, 2, '0' };
	case 'Y':
		return (struct number){ c->year, 4, '0' };
	default:
		return (struct number){ 0 };
	}
}

static void add_number(struct text *t, struct number n, char flag)
{
	char pad = flag == '_' ? ' ' : flag == '0' ? '0' : n.pad;

	if (flag == '-')
		text_addf(t, "%lld", (long long)n.value);
	else
		text_addf(t, pad == ' ' ? "%*lld" : "%0*lld", n.digits, (long long)n.value);
}

/* "+0130" */
static void add_offset(struct text *t, int offset_s, char flag)
{
	int minutes = abs(offset_s) / 60;

	text_add(t, offset_s < 0 ? "-" : "+");
	add_number(t, (struct number){ minutes / 60 * 100 + minutes % 60, 4, '0' }, flag);
}

/* ---- words ---- */

static void add_letters(struct text *t, const char *word, size_t n, enum letters as)
{
	for (size_t i = 0; i < n; i++) {
		char c = word[i];

		if (as == UPPER && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (as == LOWER)
			c = text_lower(c);
		text_add_bytes(t, &c, 1);
	}
}

static void add_word(struct text *t, const struct conversion *v, const struct daytime_moment *m)
{
	const char *weekday = civil_weekday_names[m->local.weekday], *month = civil_month_names[m->local.month];
	const char *half = m->local.hour < 12 ? "AM" : "PM";
	enum letters upper = v->flag == '^' || v->flag == '#' ? UPPER : AS_THEY_ARE, swap = v->flag == '#' ? LOWER : upper;

	switch (v->letter) {
	case 'a':
		add_letters(t, weekday, 3, upper);
		break;
	case 'A':
		add_letters(t, weekday, strlen(weekday), upper);
		break;
	case 'b':
	case 'h':
		add_letters(t, month, 3, upper);
		break;
	case 'B':
		add_letters(t, month, strlen(month), upper);
		break;
	case 'p':
		add_letters(t, half, 2, swap);
		break;
	case 'P':
		add_letters(t, half, 2, LOWER);
		break;
	case 'Z':
		add_letters(t, m->abbreviation, strlen(m->abbreviation), swap);
		break;
	default:
		text_add(t, "%");
		break;
	}
}

/* ---- conversions ---- */

/* What some letters are short for; NULL: nothing. */
static const char *spelt_out(const struct conversion *v)
{
	switch (v->letter) {
	case 'c':
		return v->flag == '^' ? "%^a %^b %e %H:%M:%S %Y" : "%a %b %e %H:%M:%S %Y";
	case 'D':
	case 'x':
		return "%m/%d/%y";
	case 'F':
		return "%Y-%m-%d";
	case 'r':
		return "%I:%M:%S %p";
	case 'R':
		return "%H:%M";
	case 'T':
	case 'X':
		return "%H:%M:%S";
	default:
		return NULL;
	}
}

static void add_conversion(struct text *t, const struct conversion *v, const struct daytime_moment *m)
{
	struct number n = number_of(v->letter, &m->local);

	if (n.digits)
		add_number(t, n, v->flag);
	else if (v->letter == 's')
		text_addf(t, "%lld", (long long)(civil_to_unix(&m->local) - m->offset_s));
	else if (v->letter == 'z')
		add_offset(t, m->offset_s, v->flag);
	else
		add_word(t, v, m);
}

void daytime_strftime_add(struct text *t, const char *format, const struct daytime_moment *m)
{
	size_t n;

	for (const char *s = format; *s != '\0'; s += n) {
		n = *s == '%' ? daytime_strftime_length(s) : 0;
		struct conversion v = { .letter = n ? s[n - 1] : '\0', .flag = n > 2 ? s[1] : '\0' };
		const char *longer = spelt_out(&v);

		if (longer) /* which holds no such letters */
			daytime_strftime_add(t, longer, m);
		else if (n)
			add_conversion(t, &v, m);
		else
			text_add_bytes(t, s, n = 1);
	}
}
