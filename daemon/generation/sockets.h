/* SPDX-License-Identifier: MIT */
/*
 * A generation's listeners: planned, opened or taken over from the generation before, closed.
 *
 * An unchanged listener is the same socket, with its queue, under a descriptor of its own in each generation.
 */
#pragma once

#include "base/attr.h"
#include "generation/fleet.h"

/* Plans the listeners, and the row that each counts in. 0, or -errno and why. */
int sockets_plan(struct generation *g, struct text *why) must_check;

/* Opens them; before: whose unchanged ones are taken over, or NULL. 0, or -errno and why: then abandon them. */
int sockets_open(struct generation *g, const struct generation *before, struct text *why) must_check;

/* Puts new sockets in the place of old ones of `before` at the same port: what comes from now on waits in them, and
 * the workers of `before` empty the old ones' queues. 0; or -errno and why, and nothing has changed. */
int sockets_replace(struct generation *g, const struct generation *before, struct text *why) must_check;

/* The queues of those that were replaced are empty. */
bool sockets_are_replaced(const struct generation *g, const struct generation *before);

/* The generation does not come: closes them, and sets those of `before` back to what its settings say. */
void sockets_abandon(struct generation *g, const struct generation *before);

/* Closes them; files of UNIX sockets are removed but for those that `after` has taken over. */
void sockets_close(struct generation *g, const struct generation *after);
