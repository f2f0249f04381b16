/* SPDX-License-Identifier: MIT */
/* Decimal numbers: digits and nothing else. */
#include "base/decimal.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define SCALE_MAX UINT64_C(1000000000) /* nine decimals */

int decimal_take(const char **at, uint64_t *ret)
{
	const char *p = *at;
	uint64_t v = 0;
	bool fits = true;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			fits = false;
	if (p == *at)
		return -EINVAL;
	*at = p;
	if (!fits)
		return -ERANGE;
	*ret = v;
	return 0;
}

int decimal_parse(const char *s, uint64_t most, uint64_t *ret)
{
	uint64_t v = 0;
	int r = decimal_take(&s, &v);

	if (r == -EINVAL || *s != '\0')
		return -EINVAL;
	if (r < 0 || v > most)
		return -ERANGE;
	*ret = v;
	return 0;
}

/* The decimals behind a point, as parts of `factor`; *at moves behind them. They have to come out even. */
static int take_fraction(const char **at, uint64_t factor, uint64_t *ret)
{
	uint64_t part = 0, scale = 1;
	const char *p = *at;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (*p == '0' && scale == SCALE_MAX)
			continue; /* a tenth zero says nothing */
		if (scale == SCALE_MAX)
			return -EINVAL;
		part = part * 10 + (uint64_t)(*p - '0');
		scale *= 10;
	}
	*at = p;
	if (factor % scale == 0) {
		*ret = part * (factor / scale); /* part < scale: less than factor */
		return 0;
	}
	/* Of a smaller unit, itself a power of ten, the last decimals can only be zeros. */
	assert(scale % factor == 0);
	*ret = part / (scale / factor);
	return part % (scale / factor) == 0 ? 0 : -EINVAL;
}

static const struct decimal_unit *find_unit(const struct decimal_unit *units, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	return NULL;
}

int decimal_with_unit(const char *s, const struct decimal_unit *units, size_t n, uint64_t *ret)
{
	const char *decimals;
	uint64_t whole = 0, part = 0;
	int r = decimal_take(&s, &whole);

	if (r == -EINVAL)
		return r;
	decimals = *s == '.' ? s + 1 : NULL;
	s += strspn(s, ".0123456789");
	const struct decimal_unit *unit = find_unit(units, n, s);
	if (!unit || (decimals && (take_fraction(&decimals, unit->factor, &part) < 0 || decimals != s)))
		return -EINVAL;
	if (r < 0 || __builtin_mul_overflow(whole, unit->factor, &whole) || __builtin_add_overflow(whole, part, &whole))
		return -ERANGE;
	*ret = whole;
	return 0;
}

int decimal_thousandths(const char *s, uint64_t *ret)
{
	static const struct decimal_unit one = { "", 1000 };

	return decimal_with_unit(s, &one, 1, ret);
}
