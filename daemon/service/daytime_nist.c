/* SPDX-License-Identifier: MIT */
/* NIST's daytime line: UTC with the state of daylight saving time, of the next leap second and of the clock. */
#include "service/daytime_nist.h"

#include <stdbool.h>

#include "base/civil.h"

/* TT: 00 standard time, 50 daylight saving time. In the month of a change, days to it: 51 (to daylight saving) and 01
 * (back) on its day until it comes, one more for each day before. */
static int dst_code(int64_t unix_s, const struct zone *zone)
{
	const struct zone_span *now = zone_at(zone, unix_s), *next = now + 1, *end = zone->spans + zone->spans_n;
	struct civil today = civil_from_unix(unix_s + now->offset_s);
	struct civil change;

	while (next < end && next->dst == now->dst)
		next++;
	if (next < end) {
		/* The day on which it comes is told by the clock that holds until then. */
		change = civil_from_unix(next->from_unix_s + next[-1].offset_s);
		if (change.year == today.year && change.month == today.month)
			return (now->dst ? 1 : 51) + change.day - today.day;
	}
	return now->dst ? 50 : 0;
}

/* L: 1 where a second is added at the end of the month, 2 where one is left out. The kernel knows of one at the end of
 * the day, so it can be said on the month's last day only. */
static int leap_code(const struct civil *utc, const struct clock_status *clock)
{
	if (utc->day != civil_month_days(utc->year, utc->month))
		return 0;
	return clock->leap_insert ? 1 : clock->leap_delete ? 2 : 0;
}

/* H: 0 right within 1 s, 1 within 5 s, 2 wrong by more, 3 nobody knows. */
static int health_code(const struct clock_status *clock)
{
	if (clock->failed || clock->state == CLOCK_UNKNOWN)
		return 3;
	if (clock->state != CLOCK_SYNCHRONISED || clock->max_error_us >= 5000000)
		return 2;
	return clock->max_error_us < 1000000 ? 0 : 1;
}

void daytime_nist_add(struct text *t, int64_t unix_s, const struct zone *zone, const struct clock_status *clock)
{
	struct civil utc = civil_from_unix(unix_s);

	text_addf(t, "\n%05lld %02d-%02d-%02d %02d:%02d:%02d ", (long long)civil_mjd(unix_s), (int)(utc.year % 100),
		  utc.month, utc.day, utc.hour, utc.minute, utc.second);
	/* The line is not sent early to make up for the way it has to go, so msADV is zero. */
	text_addf(t, "%02d %d %d   0.0 UTC(ETMD) * \n", dst_code(unix_s, zone), leap_code(&utc, clock), health_code(clock));
}
