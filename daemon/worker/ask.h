/* SPDX-License-Identifier: MIT */
/*
 * A question to the resolver, seen from the worker that asks.
 *
 * A question is one message on the socket that all resolvers of the generation read, with one end of a fresh socketpair
 * attached; the answer comes back over that: what is known so far, then, where more became known, all of it again. Behind
 * the last one the resolver closes its end, or dies. Giving up is closing the other end.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/loop.h"
#include "service/lookup.h"
#include "worker/worker.h"

#define ASK_ANSWERS_MAX 2 /* to one question: what is known, and all */

struct ask {
	struct loop_source source; /* our end; fd −1: nothing is asked */
	uint64_t deadline_ns;      /* settings' resolver.timeout after it was asked */
};

/* What travels: the question and when it is too late to answer. */
struct ask_message {
	uint64_t deadline_ns; /* CLOCK_MONOTONIC */
	struct lookup_question question;
};

/* Asks; a->source.ready is called when the answer is whole. 0 or -errno (the queue is full, no resolver): answer
 * LOOKUP_FAILED then. */
int ask_begin(struct worker *w, struct ask *a, const struct lookup_question *q, loop_ready_fn *ready) must_check;

/* Takes what is known by now (LOOKUP_FAILED if that is nothing) and ends the asking: when the source is ready, or the
 * deadline is there. Valid until the next call. */
const struct lookup_answer *ask_take(struct worker *w, struct ask *a);

/* Gives up; nothing if nothing is asked. */
void ask_cancel(struct worker *w, struct ask *a);

/* Counts how a question of this row's ended, and how long that took. */
void ask_count(struct worker *w, uint32_t row, const struct ask *a, enum lookup_result result);

/* What stands for an answer when none came. */
extern const struct lookup_answer ask_no_answer;
