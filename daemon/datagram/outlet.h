/* SPDX-License-Identifier: MIT */
/* A worker's datagram sockets, and what they have in common. */
#pragma once

#include "base/attr.h"
#include "datagram/batch.h"
#include "datagram/drops.h"
#include "datagram/outbox.h"
#include "datagram/sender.h"
#include "worker/resting.h"
#include "worker/worker.h"

#define DATAGRAM_ASKS_MAX 64 /* lookups for datagrams under way at once in one worker; more are dropped and counted */
#define ANSWER_BYTES 1232    /* of a service that is no mirror: it fits any path unfragmented */
#define ANSWERS 128          /* of such services, sent at once                                */

/* A datagram socket. */
struct outlet {
	struct loop_source source;
	struct sender sender;
	const struct listener *listener;
	struct datagrams *d;
	size_t index; /* of the listener in the plan */
	bool reading;
	struct resting resting; /* while it is to be read, it is in no loop then */
	struct drops drops;
	void *memory; /* the service's, of this socket */
};

struct datagrams {
	struct worker *w;
	struct outlet *outlets;
	size_t outlets_n;
	struct pending *pending; /* DATAGRAM_ASKS_MAX */
	struct batch *batch;
	struct outbox outbox; /* empty between batches */
	unsigned answers_n;
	uint8_t answers[ANSWERS][ANSWER_BYTES];
};

/* Closes them all where a worker drains and owes nobody an answer any more. */
void outlet_let_go(struct datagrams *d);
