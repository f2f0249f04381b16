/* SPDX-License-Identifier: MIT */
/* daytime (RFC 867): the time of day as one line of text, in the format and the zone that the listener's settings name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/zone.h"
#include "service/service.h"

svc_open_fn daytime_open;
svc_input_fn daytime_input;

/* Whether a format is one that daytime can say: a name ("rfc867", "ctime", "smtp", "smtp4", "iso", "nist") or a text for
 * strftime(3). A text is printing ASCII with at least one conversion, and each conversion makes one line of known length
 * in the C locale: not %n, %t, %+, %E…, %O…, no widths. No answer may be longer than DAYTIME_BYTES_MAX. */
bool daytime_format_valid(const char *format);

/* The most bytes that an answer in a valid format can have in this zone, its line end included. */
size_t daytime_format_longest(const char *format, const struct zone *zone);
