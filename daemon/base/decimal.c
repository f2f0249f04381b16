/* SPDX-License-Identifier: MIT */
/* Decimal numbers: digits and nothing else. */
#include "base/decimal.h"

#include <errno.h>
#include <stdbool.h>

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
