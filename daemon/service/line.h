/* SPDX-License-Identifier: MIT */
/* A request line, gathered from however many pieces it arrives in. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "service/service.h"

#define LINE_BYTES_MAX 512 /* of any request line, its line end included */

struct line {
	uint16_t len;
	char text[LINE_BYTES_MAX + 1]; /* after LINE_WHOLE: without its line end, with a NUL */
};

enum line_result {
	LINE_PART,  /* more is needed                                             */
	LINE_WHOLE, /* text holds the line; io->in_used stands behind its LF      */
	LINE_WRONG, /* longer than allowed, or it holds a NUL byte                */
	LINE_NONE,  /* the end came before anything else                          */
};

/* Takes input up to the first LF; a CR before it does not count. At the end of the input what came is the line, and so is
 * a whole datagram. most: bytes allowed with the line end, 1..LINE_BYTES_MAX. l is zeroed before the first call. */
enum line_result line_gather(struct line *l, size_t most, const struct svc_context *ctx, struct svc_io *io) must_check;
