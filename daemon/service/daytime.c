/* SPDX-License-Identifier: MIT */
/*
 * daytime (RFC 867): the time of day as one line of text, in the format and the zone that the listener's settings name.
 *
 * Flow: the wall clock's second, by the zone's table → the line of the format → CR LF. NIST's line has a form of its own.
 */
#include "service/daytime.h"

#include <string.h>

#include "service/daytime_format.h"
#include "service/daytime_nist.h"
#include "service/output.h"

#define LINE_END "\r\n"
#define LINE_END_BYTES 2

static bool is_nist(const char *format)
{
	return strcmp(format, "nist") == 0;
}

static void add_line(struct text *t, int64_t unix_s, const struct svc_options *options)
{
	const struct zone_span *span = zone_at(options->zone, unix_s);
	struct daytime_moment m = {
		.local = civil_from_unix(unix_s + span->offset_s),
		.offset_s = span->offset_s,
		.abbreviation = span->abbreviation,
	};

	daytime_format_add(t, options->format, &m);
	text_add(t, LINE_END);
}

enum svc_verdict daytime_open(void *state maybe_unused, const struct svc_context *ctx, struct svc_io *io)
{
	const struct svc_options *options = ctx->options;
	char storage[DAYTIME_BYTES_MAX + 1];
	struct text t = TEXT_OVER(storage);

	if (options->require_sync && ctx->clock.state != CLOCK_SYNCHRONISED)
		return SVC_DROP;
	if (is_nist(options->format))
		daytime_nist_add(&t, ctx->wall.tv_sec, options->zone, &ctx->clock);
	else
		add_line(&t, ctx->wall.tv_sec, options);
	return t.cut ? SVC_DROP : output_end(io, storage, t.len);
}

enum svc_verdict daytime_input(void *state, const struct svc_context *ctx, struct svc_io *io)
{
	return daytime_open(state, ctx, io);
}

bool daytime_format_valid(const char *format)
{
	/* No zone of a table has a longer abbreviation. */
	static const char longest[] = "+123456";
	size_t n;

	_Static_assert(sizeof(longest) == sizeof(((struct zone_span *)0)->abbreviation), "longest is one of the longest");
	if (is_nist(format))
		return true;
	n = daytime_format_measure(format, -3600, longest);
	return n > 0 && n + LINE_END_BYTES <= DAYTIME_BYTES_MAX;
}

size_t daytime_format_longest(const char *format, const struct zone *zone)
{
	const char *longest = "";
	int offset_s = 0;

	if (is_nist(format))
		return DAYTIME_NIST_BYTES;
	for (size_t i = 0; i < zone->spans_n; i++) {
		const struct zone_span *span = &zone->spans[i];

		if (strlen(span->abbreviation) > strlen(longest))
			longest = span->abbreviation;
		if (span->offset_s != 0)
			offset_s = span->offset_s;
	}
	return daytime_format_measure(format, offset_s, longest) + LINE_END_BYTES;
}
