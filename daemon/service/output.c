/* SPDX-License-Identifier: MIT */
/* The output side of a service's call: bytes that go out whole or not at all. */
#include "service/output.h"

#include <string.h>

size_t output_room(const struct svc_io *io)
{
	return io->out_cap - io->out_len;
}

bool output_add(struct svc_io *io, const char *bytes, size_t n)
{
	if (n > output_room(io))
		return false;
	/* A datagram that may not be answered at all has no storage either. */
	if (n > 0)
		memcpy(io->out + io->out_len, bytes, n);
	io->out_len += n;
	return true;
}

enum svc_verdict output_end(struct svc_io *io, const char *bytes, size_t n)
{
	io->in_used = io->in_len;
	return output_add(io, bytes, n) ? SVC_DONE : SVC_DROP;
}

bool output_is_datagram(const struct svc_context *ctx)
{
	return (ctx->transport & TRANSPORT_DATAGRAMS) != 0;
}
