/* SPDX-License-Identifier: MIT */
/*
 * chargen (RFC 864): lines of printing characters, for ever.
 *
 * The pattern: line N is 72 characters of a ring of the 95 printing ones, from the Nth on, then CR LF; after 95 lines, 7030
 * bytes, it repeats. A datagram gets a random number of its bytes, 0 to 512.
 */
#include "service/chargen.h"

#include <assert.h>

#include "service/output.h"

#define RING 95
#define LINE_CHARACTERS 72
#define LINE_BYTES (LINE_CHARACTERS + 2)
#define DATAGRAM_BYTES_MAX 512

/* The ring, and again as much of it as the last line needs: a line is one piece of this. */
static const char ring[] =
	" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
	" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg";
_Static_assert(sizeof(ring) == RING + LINE_CHARACTERS + 1, "the ring, the rest of the last line, and the string's end");

/* The rest of the current line, at most n bytes of it. */
static void add_piece(struct chargen_state *s, struct svc_io *io, size_t n)
{
	bool in_text = s->column < LINE_CHARACTERS;
	const char *from = in_text ? ring + s->line + s->column : &"\r\n"[s->column - LINE_CHARACTERS];
	size_t left = (size_t)(in_text ? LINE_CHARACTERS : LINE_BYTES) - s->column;
	bool fits;

	if (n > left)
		n = left;
	fits = output_add(io, from, n);
	assert(fits);
	s->column = (uint8_t)(s->column + n);
	if (s->column == LINE_BYTES) {
		s->column = 0;
		s->line = (uint8_t)((s->line + 1) % RING);
	}
}

static void add_pattern(struct chargen_state *s, struct svc_io *io, size_t n)
{
	size_t end = io->out_len + n;

	while (io->out_len < end)
		add_piece(s, io, end - io->out_len);
}

/* Fills all the room there is: the client's reading alone sets the pace (and the session's `rate`). */
enum svc_verdict chargen_open(void *state, const struct svc_context *ctx maybe_unused, struct svc_io *io)
{
	add_pattern(state, io, output_room(io));
	return SVC_FLUSH;
}

enum svc_verdict chargen_input(void *state, const struct svc_context *ctx, struct svc_io *io)
{
	size_t most = output_room(io);

	io->in_used = io->in_len;
	if (!output_is_datagram(ctx))
		return chargen_open(state, ctx, io);
	if (most > DATAGRAM_BYTES_MAX)
		most = DATAGRAM_BYTES_MAX;
	add_pattern(state, io, ctx->random % (most + 1));
	return SVC_DONE;
}
