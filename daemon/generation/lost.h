/* SPDX-License-Identifier: MIT */
/*
 * Listeners that no client reaches any more: noticed, told of, bound anew.
 *
 * Flow: once a second, when a worker has met one, and before each reload every socket is asked how it is (net/health.h). One
 * that we bound is bound anew in its place; new sockets reach workers by fork only, so a generation with the settings of the
 * current one follows (supervisor/reload.c), and until it serves clients wait. One that was passed is closed. What cannot be
 * bound is tried again, less and less often, and so are generations made: whoever ends our sockets again and again gets no
 * loop.
 */
#pragma once

#include <stdbool.h>

#include "generation/fleet.h"

/* Looks at all sockets of the current generation, which has settings. at_once: what is lost is bound anew, though that was
 * tried just now. */
void lost_look(struct fleet *f, bool at_once);

/* A worker has met one, and the last look was not just now. */
bool lost_is_due(const struct fleet *f);

/* A generation is due that has what was bound anew. */
bool lost_needs_generation(const struct fleet *f);

/* Looks at one socket that was bound here. True: it was lost, and is bound anew. */
bool lost_mend(struct listener *l, bool at_once);
