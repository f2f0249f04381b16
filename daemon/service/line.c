/* SPDX-License-Identifier: MIT */
/* A request line, gathered from however many pieces it arrives in. */
#include "service/line.h"

#include <assert.h>
#include <string.h>

#include "service/output.h"

/* The line without its CR LF, or LF, or (at the end of the input) nothing. A NUL would hide what is behind it. */
static enum line_result finish(struct line *l)
{
	if (l->len > 0 && l->text[l->len - 1] == '\n')
		l->len--;
	if (l->len > 0 && l->text[l->len - 1] == '\r')
		l->len--;
	l->text[l->len] = '\0';
	return strlen(l->text) == l->len ? LINE_WHOLE : LINE_WRONG;
}

enum line_result line_gather(struct line *l, size_t most, const struct svc_context *ctx, struct svc_io *io)
{
	const uint8_t *lf = io->in_len > 0 ? memchr(io->in, '\n', io->in_len) : NULL;
	size_t n = lf ? (size_t)(lf - io->in) + 1 : io->in_len;

	assert(most <= LINE_BYTES_MAX && l->len <= most);
	io->in_used = n;
	if (n > most - l->len)
		return LINE_WRONG;
	if (n > 0)
		memcpy(l->text + l->len, io->in, n);
	l->len = (uint16_t)(l->len + n);
	if (lf || output_is_datagram(ctx))
		return finish(l);
	if (l->len == most)
		return LINE_WRONG; /* no room for the LF that has to come */
	if (!io->eof)
		return LINE_PART;
	return l->len > 0 ? finish(l) : LINE_NONE;
}
