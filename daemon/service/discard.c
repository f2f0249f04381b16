/* SPDX-License-Identifier: MIT */
/* discard (RFC 863): reads everything, answers nothing. */
#include "service/discard.h"
#include "service/output.h"

enum svc_verdict discard_input(void *state maybe_unused, const struct svc_context *ctx, struct svc_io *io)
{
	io->in_used = io->in_len;
	/* SVC_DONE would send a datagram of no bytes, and "No response is sent". */
	return io->eof && !output_is_datagram(ctx) ? SVC_DONE : SVC_MORE;
}
