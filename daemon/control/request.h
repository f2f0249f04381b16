/* SPDX-License-Identifier: MIT */
/*
 * What an asker asks for: one line, a JSON object of strings: {"command":"kill","id":"17.3"}.
 *
 * Parsed by hand and not by a library: the grammar is tiny, nothing is allocated, and nothing more is linked into the
 * process that everything depends on.
 */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "base/text.h"
#include "net/listener.h"

#define REQUEST_BYTES_MAX 512 /* of a line, its LF included */

/* "": not said. */
struct request {
	char command[16];
	char id[24];
	char listener[LISTENER_LABEL_MAX];
};

/* A line without its LF. Strict: one object of known keys, each once, with values of printable ASCII that are not empty;
 * no escapes but \" \\ \/. 0, or -EINVAL and what is wrong with it. */
int request_parse(const char *line, size_t n, struct request *ret, struct text *why) must_check;

/* "SLOT.GENERATION", as lists of sessions have it. 0 or -EINVAL. */
int request_parse_id(const char *id, uint32_t *ret_slot, uint32_t *ret_generation) must_check;
