/* SPDX-License-Identifier: MIT */
/* Hours of the day at which a listener takes new sessions and datagrams, as xinetd's access_times. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

#define HOURS_MAX 8
#define HOURS_MINUTES (24 * 60)

/* From one minute of the day up to another, both inside; over midnight where `to` is before `from`. */
struct hours_span {
	uint16_t from, to; /* 0..HOURS_MINUTES - 1 */
};

struct hours {
	uint32_t n; /* 0: always */
	struct hours_span spans[HOURS_MAX];
};

/* "08:00-17:59". 0 or -EINVAL. */
int hours_parse(const char *s, struct hours_span *ret) must_check;

/* True: the minute (0..HOURS_MINUTES - 1) is inside one of the spans, or there is none. */
bool hours_hold(const struct hours *h, unsigned minute);
