/* SPDX-License-Identifier: MIT */
/*
 * The format of daytime: one that is taken makes a printable line, no longer than was measured, at any time.
 *
 * Input: the time, the length of the zone's abbreviation, the format.
 * Covers: daemon/service/daytime.c daemon/service/daytime_format.c daemon/base/civil.c
 */
#include "fuzz.h"

#include "service/daytime.h"
#include "service/daytime_format.h"
#include "service/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz f = { data, n };
	struct zone_span span = { .from_unix_s = INT64_MIN, .abbreviation = "+12345" };
	struct zone zone = { .name = "Some/Where", .spans_n = 1, .spans = &span };
	struct svc_options options = { .zone = &zone };
	struct svc_context ctx = { .options = &options,
				   .wall.tv_sec = (int64_t)(fuzz_number(&f, 5) % (UINT64_C(4400) << 20)) };
	uint8_t out[SVC_OUT_MIN];
	struct svc_io io = { .out = out, .out_cap = sizeof(out) };
	char *format;

	span.offset_s = (int32_t)(fuzz_octet(&f) - 128) * 900 % 86400;
	span.abbreviation[3 + fuzz_octet(&f) % 4] = '\0';
	format = fuzz_text(&f);
	options.format = format;
	if (daytime_format_valid(format)) {
		MUST(daytime_input(NULL, &ctx, &io) == SVC_DONE);
		MUST(io.out_len <= daytime_format_longest(format, &zone) && io.out_len <= DAYTIME_BYTES_MAX);
		MUST(io.out_len > 2 && out[io.out_len - 1] == '\n');
		for (size_t i = 1; i + 2 < io.out_len; i++) /* NIST's begins with a line end */
			MUST(out[i] >= ' ' && out[i] <= '~');
	}
	free(format);
	return 0;
}
