/* SPDX-License-Identifier: MIT */
/* qotd (RFC 865): a quote from a file, another one each time. */
#include "service/qotd.h"

#include "service/output.h"
#include "service/quotes.h"

enum svc_verdict qotd_open(void *state maybe_unused, const struct svc_context *ctx, struct svc_io *io)
{
	const struct quotes *q = ctx->options->quotes;
	size_t n;
	const char *quote = quotes_at(q, ctx->random % quotes_n(q), &n);

	return output_end(io, quote, n);
}

enum svc_verdict qotd_input(void *state, const struct svc_context *ctx, struct svc_io *io)
{
	return qotd_open(state, ctx, io);
}
