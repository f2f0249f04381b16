/* SPDX-License-Identifier: MIT */
/* The lines that daytime answers with, but NIST's: a moment in a format. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "service/daytime_strftime.h"

#define DAYTIME_BYTES_MAX 512 /* of any answer, its line end included */

/* Appends the moment in a format ("rfc867" … or a strftime text), without line end. */
void daytime_format_add(struct text *t, const char *format, const struct daytime_moment *m);

/* The most bytes daytime_format_add() can append in zones with this offset and abbreviation, years of four digits; 0
 * where the format is none. */
size_t daytime_format_measure(const char *format, int offset_s, const char *abbreviation);

/* The reason why daytime_format_valid() refuses a format: the words that follow its text in a message. */
void daytime_format_explain(struct text *why, const char *format);
