/* SPDX-License-Identifier: MIT */
/* Numbers as people read them. */
#include "echotimectl/human.h"

#include <inttypes.h>
#include <time.h>

void human_duration(struct text *t, uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (ms < 1000)
		text_addf(t, "%" PRIu64 "ms", ms);
	else if (s < 60)
		text_addf(t, "%" PRIu64 ".%" PRIu64 "s", s, ms % 1000 / 100);
	else if (s < 3600)
		text_addf(t, "%" PRIu64 "m %02" PRIu64 "s", s / 60, s % 60);
	else if (s < 86400)
		text_addf(t, "%" PRIu64 "h %02" PRIu64 "m", s / 3600, s % 3600 / 60);
	else
		text_addf(t, "%" PRIu64 "d %02" PRIu64 "h", s / 86400, s % 86400 / 3600);
}

/* Three digits or four, a fraction where one digit alone would stand before the unit. Rounded down. */
void human_size(struct text *t, uint64_t bytes)
{
	static const char units[] = "kMGTPE";
	uint64_t unit = 1024;
	size_t i = 0;

	if (bytes < unit) {
		text_addf(t, "%" PRIu64, bytes);
		return;
	}
	while (bytes / unit >= 1024) {
		unit *= 1024;
		i++;
	}
	if (bytes / unit < 10)
		text_addf(t, "%" PRIu64 ".%" PRIu64 "%c", bytes / unit, bytes % unit / (unit / 1024) * 10 / 1024, units[i]);
	else
		text_addf(t, "%" PRIu64 "%c", bytes / unit, units[i]);
}

void human_time(struct text *t, int64_t unix_s)
{
	time_t when = (time_t)unix_s;
	struct tm tm;
	char line[32];

	if (localtime_r(&when, &tm) != NULL && strftime(line, sizeof(line), "%Y-%m-%d %H:%M:%S", &tm) > 0)
		text_add(t, line);
}
