/* SPDX-License-Identifier: MIT */
/* A listener that clients do not reach any more (health.h) is bound anew. */
#pragma once

#include "base/attr.h"
#include "base/text.h"
#include "net/types.h"

/* listener_adjust(), but for a socket that was ended: it may be made to listen again, and still would reach nobody. */
int restore_adjust(struct listener *l, struct text *why) must_check;

/* Binds a lost listener of ours anew: l then is the new socket, and the old one, which other processes may have, is closed
 * here. 0; or -errno, with a sentence in why, and l is what it was. */
int restore_bind(struct listener *l, struct text *why) must_check;
