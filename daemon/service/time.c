/* SPDX-License-Identifier: MIT */
/* time (RFC 868): the seconds since 1900 as four bytes. In February 2036 they begin again at 0; clients know the era by
 * their own clock. */
#include "service/time.h"

#include "base/bytes.h"
#include "service/output.h"

#define SECONDS_1900_TO_1970 UINT64_C(2208988800)

/* "If the server is unable to determine the time at its site, it should either refuse the connection or close it without
 * sending anything", and "discard the arriving datagram and make no reply". */
enum svc_verdict time_open(void *state maybe_unused, const struct svc_context *ctx, struct svc_io *io)
{
	uint64_t since_1900 = (uint64_t)ctx->wall.tv_sec + SECONDS_1900_TO_1970;
	uint8_t answer[4];

	if (ctx->options->require_sync && ctx->clock.state != CLOCK_SYNCHRONISED)
		return SVC_DROP;
	bytes_put_be32(answer, (uint32_t)since_1900);
	return output_end(io, (const char *)answer, sizeof(answer));
}

enum svc_verdict time_input(void *state, const struct svc_context *ctx, struct svc_io *io)
{
	return time_open(state, ctx, io);
}
