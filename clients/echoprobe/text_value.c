/* SPDX-License-Identifier: MIT */
/* Numbers as a person reads them. */
#include "echoprobe/text_value.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/attr.h"

struct unit {
	int64_t ns;
	const char *name;
};

static const struct unit units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" }, { 1, "ns" } };

void text_value_duration(struct text *t, int64_t ns)
{
	const struct unit *u = units;

	while (u->ns > 1 && llabs(ns) < u->ns)
		u++;
	double v = (double)ns / (double)u->ns;
	int decimals = u->ns == 1 ? 0 : v < 10 && v > -10 ? 2 : v < 100 && v > -100 ? 1 : 0;
	text_addf(t, "%.*f %s", decimals, v, u->name);
}

void text_value_exact(struct text *t, uint64_t ns)
{
	char decimals[16];
	size_t i = 0;

	while (i + 1 < array_n(units) && ns < (uint64_t)units[i].ns)
		i++;
	uint64_t unit = (uint64_t)units[i].ns, rest = ns % unit;
	text_addf(t, "%" PRIu64, ns / unit);
	if (rest != 0) {
		struct text d = TEXT_OVER(decimals);

		text_addf(&d, "%0*" PRIu64, unit == 1000000000 ? 9 : unit == 1000000 ? 6 : 3, rest);
		while (d.len > 0 && decimals[d.len - 1] == '0')
			decimals[--d.len] = '\0';
		text_addf(t, ".%s", decimals);
	}
	text_addf(t, " %s", units[i].name);
}

void text_value_ms(struct text *t, struct result_value ns, int width)
{
	if (ns.known)
		text_addf(t, "%*.3f", width, (double)ns.value / 1e6);
	else
		text_addf(t, "%*s", width, "-");
}

void text_value_plural(struct text *t, int64_t n, const char *one, const char *many)
{
	text_addf(t, "%" PRId64 " %s", n, n == 1 ? one : many);
}
