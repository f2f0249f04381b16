/* SPDX-License-Identifier: MIT */
/* Numbers as a person reads them, added to a text. */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "echoprobe/result.h"

/* A duration with the unit that suits it, three digits at least: "250 us", "11.9 ms", "2.1 s". */
void text_value_duration(struct text *t, int64_t ns);

/* A duration that was asked for, exactly: "10 ms", "1.5 s". */
void text_value_exact(struct text *t, uint64_t ns);

/* Milliseconds with three decimals, to the right of `width` columns; "-" where it is not known. */
void text_value_ms(struct text *t, struct result_value ns, int width);

/* "1 place", "3 places" */
void text_value_plural(struct text *t, int64_t n, const char *one, const char *many);
