/* SPDX-License-Identifier: MIT */
/*
 * Listeners that no client reaches any more: noticed, told of, bound anew.
 *
 * Flow: once a second, when a worker has met one, and before each reload every socket is asked how it is (net/health.h). One
 * that we bound is bound anew in its place; new sockets reach workers by fork only, so a generation with the settings of the
 * current one follows (reload.c), and until it serves clients wait. One that was passed is closed. What cannot be bound is
 * tried again, less and less often, and so are generations made: whoever ends our sockets again and again gets no loop.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/rest.h"
#include "net/listener.h"

struct supervisor;

struct lost {
	bool met;                /* by a worker */
	bool found;              /* sockets were bound anew, and the current generation's workers have them not */
	uint64_t looked_ns;      /* the last time */
	struct rest generations; /* that were made for that */
	struct rest metrics_retry;
	enum cure metrics_cure;
};

/* Looks at all sockets of the current generation. at_once: what is lost is bound anew, though that was tried just now. */
void lost_look(struct supervisor *s, bool at_once);

/* A worker has met one: looks, if it has not just been done. */
void lost_advance(struct supervisor *s);

/* A generation is due that has what was bound anew. */
bool lost_needs_generation(const struct supervisor *s);

/* Looks at one socket that was bound here. True: it was lost, and is bound anew. */
bool lost_mend(struct listener *l, bool at_once);
