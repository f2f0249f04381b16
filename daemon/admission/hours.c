/* SPDX-License-Identifier: MIT */
/* Hours of the day. */
#include "admission/hours.h"

#include <errno.h>
#include <string.h>

#include "base/decimal.h"

/* One or two digits, ":", two digits; *at is moved behind them. */
static int take_minute(const char **at, uint16_t *ret)
{
	const char *begin = *at;
	uint64_t hour, minute;

	if (decimal_take(at, &hour) < 0 || *at - begin > 2 || hour > 23 || **at != ':')
		return -EINVAL;
	begin = ++*at;
	if (decimal_take(at, &minute) < 0 || *at - begin != 2 || minute > 59)
		return -EINVAL;
	*ret = (uint16_t)(60 * hour + minute);
	return 0;
}

int hours_parse(const char *s, struct hours_span *ret)
{
	struct hours_span span;

	if (take_minute(&s, &span.from) < 0 || *s++ != '-' || take_minute(&s, &span.to) < 0 || *s != '\0')
		return -EINVAL;
	*ret = span;
	return 0;
}

bool hours_hold(const struct hours *h, unsigned minute)
{
	for (uint32_t i = 0; i < h->n; i++) {
		const struct hours_span *s = &h->spans[i];

		if (s->from <= s->to ? s->from <= minute && minute <= s->to : s->from <= minute || minute <= s->to)
			return true;
	}
	return h->n == 0;
}
