/* SPDX-License-Identifier: MIT */
/* A worker's datagram sockets, and what they have in common. */
#pragma once

#include "base/attr.h"
#include "datagram/batch.h"
#include "datagram/drops.h"
#include "datagram/held.h"
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
	/* impaired.h */
	const struct impair_rules *impair; /* of the batch under way; NULL: none */
	struct impair_rules said;          /* ... where they were not the settings' */
	struct impairment_verdict drawn;   /* for the request under way          */
	struct impair_way way;
	struct held_line leaving; /* in the order in which they do              */
	struct held_line behind;  /* to be sent behind the next to their client */
};

struct datagrams {
	struct worker *w;
	struct outlet *outlets;
	size_t outlets_n;
	struct pending *pending; /* DATAGRAM_ASKS_MAX */
	struct batch *batch;
	struct held_store held;
	struct loop_timer held_timer;
	struct outbox outbox; /* empty between batches */
	unsigned answers_n;
	uint8_t answers[ANSWERS][ANSWER_BYTES];
};

/* Closes them all where a worker drains and owes nobody an answer any more. */
void outlet_let_go(struct datagrams *d);
