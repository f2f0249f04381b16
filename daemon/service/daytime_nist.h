/* SPDX-License-Identifier: MIT */
/* NIST's daytime line: UTC with the state of daylight saving time, of the next leap second and of the clock. */
#pragma once

#include <stdint.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/zone.h"

#define DAYTIME_NIST_BYTES 51

/* Appends "\nJJJJJ YR-MO-DA HH:MM:SS TT L H msADV UTC(ETMD) * \n". The zone gives TT and nothing else. */
void daytime_nist_add(struct text *t, int64_t unix_s, const struct zone *zone, const struct clock_status *clock);
