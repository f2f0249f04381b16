/* SPDX-License-Identifier: MIT */
/* The words of a command line turned into numbers. Pure: no locale, no floating point, no rounding. */
#include "echoprobe/units.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/text.h"

#define PERCENT_PPM 10000
#define RATE_UNIT 1000000 /* rates are read in millionths of a packet a second */

int units_duration(const char *s, uint64_t *ret_ns)
{
	static const struct decimal_unit units[] = {
		{ "", CLOCK_S_NS }, { "s", CLOCK_S_NS },      { "ms", CLOCK_MS_NS },      { "us", 1000 },
		{ "ns", 1 },        { "m", 60 * CLOCK_S_NS }, { "min", 60 * CLOCK_S_NS }, { "h", 3600 * CLOCK_S_NS },
	};

	return decimal_with_unit(s, units, array_n(units), ret_ns);
}

int units_rate(const char *s, uint64_t *ret_interval_ns)
{
	static const struct decimal_unit units[] = {
		{ "", RATE_UNIT },
		{ "/s", RATE_UNIT },
		{ "k", UINT64_C(1000) * RATE_UNIT },
		{ "M", UINT64_C(1000000) * RATE_UNIT },
	};
	uint64_t rate = 0;
	int r = decimal_with_unit(s, units, array_n(units), &rate);

	if (r < 0)
		return r;
	if (rate < RATE_UNIT / 1000 || rate > CLOCK_S_NS * RATE_UNIT)
		return -ERANGE;
	*ret_interval_ns = CLOCK_S_NS * RATE_UNIT / rate;
	return 0;
}

int units_share(const char *s, uint32_t *ret_ppm)
{
	static const struct decimal_unit units[] = { { "", PERCENT_PPM }, { "%", PERCENT_PPM } };
	uint64_t ppm = 0;
	int r = decimal_with_unit(s, units, array_n(units), &ppm);

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
	int r = decimal_take(&s, &v);

	if (r == -EINVAL || *s != '\0')
		return -EINVAL;
	if (r < 0 || v < least || v > most)
		return -ERANGE;
	*ret = v;
	return 0;
}

int units_dscp(const char *s, uint8_t *ret)
{
	static const struct decimal_unit names[] = { { "BE", 0 }, { "DF", 0 }, { "LE", 1 }, { "VA", 44 }, { "EF", 46 } };
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
