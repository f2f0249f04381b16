/* SPDX-License-Identifier: MIT */
/*
 * A request over the control socket: one line of words, a command and its arguments: "kill 17.3".
 *
 *     request = word *( SP word ) LF        word = 1*( any octet from ! to ~ )
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/text.h"

#define REQUEST_BYTES_MAX 512 /* of a line, its LF included */
#define REQUEST_WORDS_MAX 16

struct request {
	size_t words_n; /* 1 or more */
	const char *words[REQUEST_WORDS_MAX];
	char line[REQUEST_BYTES_MAX]; /* holds them; so a request is not copied */
};

/* A line of n bytes without its LF. 0; or -EINVAL and what is wrong with it, and the request has no word. */
int request_parse(const char *line, size_t n, struct request *ret, struct text *why) must_check;

/* "SLOT.GENERATION", as lists of sessions have it. 0 or -EINVAL. */
int request_parse_id(const char *id, uint32_t *ret_slot, uint32_t *ret_generation) must_check;
