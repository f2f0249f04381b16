/* SPDX-License-Identifier: MIT */
/* Numbers as people read them. Each appends a few bytes to a text. */
#pragma once

#include <stdint.h>

#include "base/text.h"

void human_duration(struct text *t, uint64_t ms); /* "350ms", "12.3s", "4m 05s", "3h 12m", "2d 03h" */
void human_size(struct text *t, uint64_t bytes);  /* "812", "1.2k", "34M": powers of 1024, as settings have them */
void human_time(struct text *t, int64_t unix_s);  /* of this host's zone: "2026-11-22 18:45:40" */
