/* SPDX-License-Identifier: MIT */
/*
 * echo (RFC 862): sends back what it is sent, byte for byte.
 *
 * Sessions may move the bytes of a mirror themselves (SVC_MIRROR) and then never come here.
 */
#include "service/echo.h"
#include "service/output.h"

enum svc_verdict echo_input(void *state maybe_unused, const struct svc_context *ctx, struct svc_io *io)
{
	size_t room = output_room(io);
	size_t n = io->in_len < room ? io->in_len : room;

	/* Half an echo is a wrong one: a datagram that may not be answered whole is not answered. */
	if (output_is_datagram(ctx))
		return output_end(io, (const char *)io->in, io->in_len);
	if (!output_add(io, (const char *)io->in, n))
		return SVC_DROP;
	io->in_used = n;
	if (n < io->in_len)
		return SVC_FLUSH;
	return io->eof ? SVC_DONE : SVC_MORE;
}
