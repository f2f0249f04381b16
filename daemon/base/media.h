/* SPDX-License-Identifier: MIT */
/* media: which of the two formats of metrics an asker would rather have, by its Accept header (RFC 9110, section 12.5.1). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The preferences read so far; zeroed at first. Qualities are in thousandths. */
struct media_wish {
	uint64_t openmetrics, text;
	unsigned text_by; /* how narrow the range is that `text` comes from: 1 everything, 2 all text, 3 the type itself */
};

/* Adds one header; a request may have several. */
void media_read(const char *accept, struct media_wish *wish);

/* OpenMetrics is for those that name it, and would not rather have text: a wildcard is what a browser says. */
bool media_wants_openmetrics(const struct media_wish *wish);
