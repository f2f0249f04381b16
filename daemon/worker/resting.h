/* SPDX-License-Identifier: MIT */
/* A listener's socket in a worker that brings nothing but events: it rests (base/rest.h), and the supervisor is told. */
#pragma once

#include <stdbool.h>

#include "base/loop.h"
#include "base/rest.h"
#include "worker/worker.h"

struct resting {
	struct rest rest;
	struct loop_timer over; /* the owner's: it is to wait for the socket again */
};

/* Notes an event that brought something, or nothing. True: the socket rests, and is to leave the loop now. */
bool resting_is_due(struct resting *r, struct worker *w, bool brought);

/* Lets a socket rest on, because waiting for it again was not possible. */
void resting_go_on(struct resting *r, struct worker *w);

static inline bool resting_now(const struct resting *r)
{
	return r->over.place != 0;
}
