/* SPDX-License-Identifier: MIT */
/*
 * The impairment that was said of a row over the control socket: words in shared memory, which go over the settings' and
 * outlive a reload. The supervisor writes them, workers read them whenever they have something to impair.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "session/impair.h"

#define IMPAIRS_WORDS ((sizeof(struct impair_rules) + 7) / 8)

struct impairs {
	_Atomic uint32_t said;  /* 0: the settings hold                         */
	_Atomic uint64_t count; /* requests for which something was drawn      */
	_Atomic uint64_t words[IMPAIRS_WORDS];
};

/* Says it; NULL: takes back what was said. Counting begins anew. */
void impairs_say(struct impairs *i, const struct impair_rules *r);

/* Whether something was said; then *ret is that. What is read while it changes may be of both. */
bool impairs_said(const struct impairs *i, struct impair_rules *ret);
