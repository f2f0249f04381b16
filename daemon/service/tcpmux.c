/* SPDX-License-Identifier: MIT */
/*
 * tcpmux (RFC 1078): the client names a service, and the connection goes on as one of that service.
 *
 * Flow: gather a line; HELP lists the names; a name served is answered with "+" and SVC_BECOME, and what the client sent
 * behind the line stays in the input for that service; anything else is answered with "-".
 */
#include "service/tcpmux.h"

#include <string.h>

#include "base/text.h"
#include "service/output.h"

#define REQUEST_BYTES_MAX 256 /* what other servers take, too */

static enum svc_verdict refuse(struct svc_io *io)
{
	static const char no[] = "-Service not available\r\n";

	return output_end(io, no, sizeof(no) - 1);
}

/* One name a line, as far as there is room; the next call goes on. */
static enum svc_verdict list(struct tcpmux_state *s, const struct svc_options *options, struct svc_io *io)
{
	io->in_used = io->in_len;
	for (; s->listed_n < options->names_n; s->listed_n++) {
		char storage[LINE_BYTES_MAX];
		struct text t = TEXT_OVER(storage);

		text_addf(&t, "%s\r\n", options->names[s->listed_n]);
		if (!output_add(io, storage, t.len))
			return SVC_FLUSH;
	}
	return SVC_DONE;
}

static enum svc_verdict become(const struct svc_options *options, const char *name, struct svc_io *io)
{
	static const char yes[] = "+Go\r\n";

	for (size_t i = 0; i < options->names_n; i++) {
		if (!text_same_ignoring_case(name, options->names[i]))
			continue;
		if (!output_add(io, yes, sizeof(yes) - 1))
			return SVC_DROP;
		io->become = i;
		return SVC_BECOME;
	}
	return refuse(io);
}

enum svc_verdict tcpmux_input(void *state, const struct svc_context *ctx, struct svc_io *io)
{
	struct tcpmux_state *s = state;

	if (s->listing)
		return list(s, ctx->options, io);
	switch (line_gather(&s->line, REQUEST_BYTES_MAX, ctx, io)) {
	case LINE_PART:
		return SVC_MORE;
	case LINE_NONE:
		return SVC_DONE;
	case LINE_WRONG:
		return refuse(io);
	case LINE_WHOLE:
		break;
	}
	s->listing = text_same_ignoring_case(s->line.text, "HELP");
	return s->listing ? list(s, ctx->options, io) : become(ctx->options, s->line.text, io);
}
