/* SPDX-License-Identifier: MIT */
/*
 * A question to the resolver and its answer, as plain data: what hostname asks, what the resolver process returns, each one
 * message between processes of one build.
 */
#pragma once

#include <stdint.h>

#include "base/addr.h"

#define LOOKUP_NAME_MAX 256 /* 253 octets, a trailing dot, the NUL */
#define LOOKUP_ALIASES_MAX 16
#define LOOKUP_ADDRESSES_MAX 32

enum lookup_kind { LOOKUP_BY_NAME, LOOKUP_BY_ADDRESS };

struct lookup_question {
	enum lookup_kind kind;
	char name[LOOKUP_NAME_MAX]; /* LOOKUP_BY_NAME    */
	struct addr addr;           /* LOOKUP_BY_ADDRESS */
};

enum lookup_result {
	LOOKUP_FOUND,
	LOOKUP_NOT_FOUND, /* there is no such name or address                                   */
	LOOKUP_FAILED,    /* could not find out: no server, a time-out, a full queue, a failure */
};

struct lookup_answer {
	enum lookup_result result;
	char name[LOOKUP_NAME_MAX]; /* the official name, as the resolver gave it: not to be trusted */
	uint32_t aliases_n;
	char aliases[LOOKUP_ALIASES_MAX][LOOKUP_NAME_MAX];
	uint32_t addresses_n;
	struct addr addresses[LOOKUP_ADDRESSES_MAX]; /* IPv4 first */
};
