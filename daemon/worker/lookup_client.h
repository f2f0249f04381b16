/* SPDX-License-Identifier: MIT */
/*
 * A question to the resolver, seen from the worker that asks.
 *
 * A question is one message on the socket that all resolvers of the generation read, with one end of a fresh socketpair
 * attached; the answer comes back over that: what is known so far, then, where more became known, all of it again. Behind
 * the last one the resolver closes its end, or dies. Giving up is closing the other end.
 *
 * No source has more questions there than its share, which leaves a resolver for others where there are two or more. One
 * beyond that waits in its worker, which looks again and again whether another of its source has been answered.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/loop.h"
#include "service/lookup.h"
#include "worker/worker.h"

#define LOOKUP_CLIENT_ANSWERS_MAX 2 /* answers to one question: what is known, then all */

struct lookup_client {
	struct loop_source source; /* our end; fd −1: nothing is asked */
	uint64_t deadline_ns;      /* settings' resolver.timeout after it was asked */
};

struct lookup_client_request {
	const struct lookup_question *question;
	uint64_t source; /* the asking source: lookup_client_source() */
};

/* The message to a resolver: the question, when it is too late to answer, and its seat among those of its source. */
struct lookup_client_message {
	uint64_t deadline_ns; /* CLOCK_MONOTONIC */
	uint32_t seat;
	struct lookup_question question;
};

#define LOOKUP_CLIENT_HELD_MAX 256 /* questions that wait in one worker for others of their sources */

/* Memory for the shares of sources in the resolvers of a generation, and its end. 0 or -errno. */
int lookup_client_share(const struct settings *settings, struct shares *ret) must_check;
void lookup_client_unshare(struct shares *s);

/* The name of a source, for shares: of an IP address its prefix, of a local client its user. */
uint64_t lookup_client_source(const struct worker *w, const struct addr *peer);

/* Prepares a worker that may have n questions at once. 0 or -ENOMEM. */
int lookup_client_prepare(struct worker *w, uint32_t n) must_check;

/* Asks; a->source.ready is called when the answer is whole. 0 or -errno (the queue is full, no resolver): answer
 * LOOKUP_FAILED then. */
int lookup_client_begin(struct worker *w, struct lookup_client *a, const struct lookup_client_request *r,
			loop_ready_fn *ready) must_check;

/* For the resolver that took a question, when it is done with it: another of its source may follow. */
void lookup_client_over(const struct worker_plan *plan, const struct lookup_client_message *m);

/* Takes what is known by now (LOOKUP_FAILED if that is nothing) and ends the asking: when the source is ready, or the
 * deadline is there. Valid until the next call. */
const struct lookup_answer *lookup_client_take(struct worker *w, struct lookup_client *a);

/* Gives up; nothing if nothing is asked. */
void lookup_client_cancel(struct worker *w, struct lookup_client *a);

/* Counts how a question of this row's listener ended, and how long that took. */
void lookup_client_count(struct worker *w, uint32_t row, const struct lookup_client *a, enum lookup_result result);

/* The answer when none came. */
extern const struct lookup_answer lookup_client_no_answer;
