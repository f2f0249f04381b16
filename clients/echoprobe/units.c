/* SPDX-License-Identifier: MIT */
/* The words of a command line turned into numbers. Pure: no locale, no floating point, no rounding. */
#include "echoprobe/units.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define PERCENT_PPM 10000
#define RATE_UNIT 1000000 /* rates are read in millionths of a packet a second */

struct unit {
	const char *name;
	uint64_t factor;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The decimal digits at *at, one or more; *at moves behind them. */
static int take_digits(const char **at, uint64_t *ret)
{
	bool fits = true;
	uint64_t v = 0;

	if (!is_digit(**at))
		return -EINVAL;
	for (; is_digit(**at); ++*at)
		if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(**at - '0'), &v))
			fits = false;
	*ret = v;
	return fits ? 0 : -ERANGE;
}

/* The decimals of one unit of `factor`: "25" of 1,000 is 250. They must come out even. */
static int add_decimals(const char *s, size_t n, uint64_t factor, uint64_t *sum)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t digit = (uint64_t)(s[i] - '0');

		if (factor % 10 != 0 && digit != 0)
			return -EINVAL;
		factor = factor % 10 == 0 ? factor / 10 : 0;
		if (__builtin_add_overflow(*sum, digit * factor, sum))
			return -ERANGE;
	}
	return 0;
}

/* "12", "1.5ms": a number with one of n units directly behind it. */
static int take_with_unit(const char *s, const struct unit *units, size_t n, uint64_t *ret)
{
	const char *decimals = "";
	size_t decimals_n = 0;
	uint64_t v = 0;
	int r = take_digits(&s, &v);

	if (r == -EINVAL)
		return r;
	if (*s == '.') {
		decimals = s + 1;
		decimals_n = strspn(decimals, "0123456789");
		if (decimals_n == 0)
			return -EINVAL;
		s = decimals + decimals_n;
	}
	for (size_t i = 0; i < n; i++) {
		if (strcmp(units[i].name, s) != 0)
			continue;
		if (r < 0 || __builtin_mul_overflow(v, units[i].factor, &v))
			return -ERANGE;
		r = add_decimals(decimals, decimals_n, units[i].factor, &v);
		if (r == 0)
			*ret = v;
		return r;
	}
	return -EINVAL;
}

int units_duration(const char *s, uint64_t *ret_ns)
{
	static const struct unit units[] = {
		{ "", CLOCK_S_NS }, { "s", CLOCK_S_NS },      { "ms", CLOCK_MS_NS },      { "us", 1000 },
		{ "ns", 1 },        { "m", 60 * CLOCK_S_NS }, { "min", 60 * CLOCK_S_NS }, { "h", 3600 * CLOCK_S_NS },
	};

	return take_with_unit(s, units, array_n(units), ret_ns);
}

int units_rate(const char *s, uint64_t *ret_interval_ns)
{
	static const struct unit units[] = {
		{ "", RATE_UNIT },
		{ "/s", RATE_UNIT },
		{ "k", UINT64_C(1000) * RATE_UNIT },
		{ "M", UINT64_C(1000000) * RATE_UNIT },
	};
	uint64_t rate = 0;
	int r = take_with_unit(s, units, array_n(units), &rate);

	if (r < 0)
		return r;
	if (rate < RATE_UNIT / 1000 || rate > CLOCK_S_NS * RATE_UNIT)
		return -ERANGE;
	*ret_interval_ns = CLOCK_S_NS * RATE_UNIT / rate;
	return 0;
}

int units_share(const char *s, uint32_t *ret_ppm)
{
	static const struct unit units[] = { { "", PERCENT_PPM }, { "%", PERCENT_PPM } };
	uint64_t ppm = 0;
	int r = take_with_unit(s, units, array_n(units), &ppm);

	if (r < 0)
		return r;
	if (ppm > 100 * PERCENT_PPM)
		return -ERANGE;
	*ret_ppm = (uint32_t)ppm;
	return 0;
}

int units_number(const char *s, uint64_t least, uint64_t most, uint64_t *ret)
{
	uint64_t v = 0;
	int r = take_digits(&s, &v);

	if (r == -EINVAL || *s != '\0')
		return -EINVAL;
	if (r < 0 || v < least || v > most)
		return -ERANGE;
	*ret = v;
	return 0;
}

int units_dscp(const char *s, uint8_t *ret)
{
	static const struct unit names[] = { { "BE", 0 }, { "DF", 0 }, { "LE", 1 }, { "VA", 44 }, { "EF", 46 } };
	uint64_t number = 0;
	unsigned class, drop;
	char rest;
	int r = units_number(s, 0, 63, &number);

	for (size_t i = 0; i < array_n(names); i++)
		if (text_same_ignoring_case(names[i].name, s)) {
			*ret = (uint8_t)names[i].factor;
			return 0;
		}
	if (r == 0)
		*ret = (uint8_t)number;
	if (r != -EINVAL)
		return r;
	if (strlen(s) == 3 && sscanf(s, "%*1[Cc]%*1[Ss]%1u%c", &class, &rest) == 1 && class <= 7) {
		*ret = (uint8_t)(class * 8);
		return 0;
	}
	if (strlen(s) == 4 && sscanf(s, "%*1[Aa]%*1[Ff]%1u%1u%c", &class, &drop, &rest) == 2 && class >= 1 && class <= 4 &&
	    drop >= 1 && drop <= 3) {
		*ret = (uint8_t)(class * 8 + drop * 2);
		return 0;
	}
	return -EINVAL;
}

static const char *const ecn_names[] = { "not", "ect1", "ect0", "ce" };

int units_ecn(const char *s, uint8_t *ret)
{
	for (uint8_t i = 0; i < array_n(ecn_names); i++)
		if (strcmp(ecn_names[i], s) == 0) {
			*ret = i;
			return 0;
		}
	return -EINVAL;
}

const char *units_ecn_name(uint8_t bits)
{
	return ecn_names[bits & 3];
}

/* Splits at `colon` (NULL: no port) and copies; a port that is written must not be empty. */
static int copy_host(const char *host, size_t host_n, const char *colon, struct units_host *ret)
{
	struct units_host h = { 0 };

	if (host_n == 0 || (colon && colon[1] == '\0'))
		return -EINVAL;
	if (host_n >= sizeof(h.host) || (colon && text_copy(h.port, sizeof(h.port), colon + 1) < 0))
		return -ERANGE;
	memcpy(h.host, host, host_n);
	*ret = h;
	return 0;
}

int units_host(const char *s, struct units_host *ret)
{
	const char *colon = strchr(s, ':');

	if (*s == '[') {
		const char *end = strchr(s, ']');

		if (!end || (end[1] != '\0' && end[1] != ':'))
			return -EINVAL;
		return copy_host(s + 1, (size_t)(end - s - 1), end[1] == ':' ? end + 1 : NULL, ret);
	}
	if (colon && strchr(colon + 1, ':')) /* two colons and no bracket: an IPv6 address */
		colon = NULL;
	return copy_host(s, colon ? (size_t)(colon - s) : strlen(s), colon, ret);
}
