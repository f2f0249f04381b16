/* SPDX-License-Identifier: MIT */
/* First whether the servers answer, then the way there, then the way back. */
#include "echoprobe/mtu_steps.h"

#define GREETING_BYTES 100
#define FRAGMENT_UNIT_BYTES 8

void mtu_steps_init(struct mtu_steps *s, uint32_t floor, uint32_t ceiling, bool has_confirmer)
{
	*s = (struct mtu_steps){ .phase = has_confirmer ? MTU_GREETS_CONFIRMER : MTU_GREETS_ECHO };
	mtu_search_init(&s->forward, floor, ceiling);
}

static bool greets(const struct mtu_steps *s)
{
	return s->phase == MTU_GREETS_CONFIRMER || s->phase == MTU_GREETS_ECHO;
}

/* Whether a request of that size, which does not pass forward, leaves in fragments that do. */
static bool splits(const struct mtu_steps *s, uint32_t size)
{
	return s->forward.by == MTU_BY_ROUTER || size > s->unsplit_bytes;
}

/* The largest first: where the way back takes it, or its fragments come, one answer says nearly all. */
static void begin_backward(struct mtu_steps *s, uint32_t ceiling)
{
	mtu_search_init(&s->backward, s->forward.floor, ceiling);
	s->backward.hint = ceiling > s->forward.passed && !splits(s, ceiling) ? ceiling + FRAGMENT_UNIT_BYTES : ceiling;
}

static void end_greeting(struct mtu_steps *s)
{
	s->losses = 0;
	if (s->phase == MTU_GREETS_CONFIRMER)
		s->phase = MTU_GREETS_ECHO;
	else
		s->phase = s->confirmer || s->echo ? MTU_FORWARD : MTU_OVER;
}

static void end_forward(struct mtu_steps *s)
{
	s->phase = s->echo && s->forward.state == MTU_FOUND ? MTU_BACKWARD : MTU_OVER;
	if (s->phase == MTU_BACKWARD)
		begin_backward(s, s->forward.ceiling);
}

bool mtu_steps_next(struct mtu_steps *s, struct mtu_step *ret)
{
	uint32_t size = 0;

	if (greets(s))
		s->step = (struct mtu_step){
			.to = s->phase == MTU_GREETS_CONFIRMER ? MTU_CONFIRMER : MTU_ECHO,
			.size_bytes = GREETING_BYTES,
		};
	if (s->phase == MTU_FORWARD && (size = mtu_search_next(&s->forward)) != 0)
		s->step = (struct mtu_step){ s->confirmer ? MTU_CONFIRMER : MTU_ECHO, size, .whole = true };
	else if (s->phase == MTU_FORWARD)
		end_forward(s);
	if (s->phase == MTU_BACKWARD)
		size = mtu_search_next(&s->backward);
	if (s->phase == MTU_BACKWARD && size != 0 && (size <= s->forward.passed || splits(s, size)))
		s->step = (struct mtu_step){ MTU_ECHO, size, .whole = size <= s->forward.passed };
	else if (s->phase == MTU_BACKWARD)
		s->phase = MTU_OVER;
	*ret = s->step;
	return s->phase != MTU_OVER;
}

/* --- what became of it ------------------------------------------------------------------------------------------------ */

static void take_echo(struct mtu_steps *s, const struct mtu_answer *answer)
{
	struct mtu_search *m = &s->backward;

	s->larger_came = s->larger_came || !s->step.whole;
	if (answer->size_bytes < s->step.size_bytes)
		s->answers_most_bytes = answer->size_bytes;
	if (answer->piece_bytes != 0) {
		s->in_pieces = true;
		mtu_search_in_pieces(m, answer->piece_bytes);
	} else if (answer->size_bytes < s->step.size_bytes) {
		/* Nothing larger can be had of this server; the floor passes everywhere. */
		m->ceiling = m->passed = answer->size_bytes > m->floor ? answer->size_bytes : m->floor;
		m->failed = m->ceiling + 1;
		m->hint = 0;
	} else
		mtu_search_passed(m);
}

void mtu_steps_answered(struct mtu_steps *s, const struct mtu_answer *answer)
{
	if (s->phase == MTU_BACKWARD)
		take_echo(s, answer);
	else if (s->phase == MTU_FORWARD)
		mtu_search_passed(&s->forward);
	else if (greets(s)) {
		s->confirmer = s->confirmer || s->phase == MTU_GREETS_CONFIRMER;
		s->echo = s->echo || s->phase == MTU_GREETS_ECHO;
		end_greeting(s);
	}
}

/* A request that is fragmented on the way may never come whole: the least that is fragmented tells, and if it is lost too,
 * what passes forward is the largest to ask for. */
static void lose_echo(struct mtu_steps *s)
{
	uint32_t least = s->forward.passed + 1;

	mtu_search_lost(&s->backward);
	if (s->step.whole || s->backward.passed != 0 || s->backward.losses != 0)
		return;
	if (s->step.size_bytes > least && splits(s, least))
		s->backward.hint = least;
	else {
		s->fragments_lost = true;
		begin_backward(s, s->forward.passed);
	}
}

void mtu_steps_lost(struct mtu_steps *s)
{
	if (s->phase == MTU_BACKWARD)
		lose_echo(s);
	else if (s->phase == MTU_FORWARD)
		mtu_search_lost(&s->forward);
	else if (greets(s) && ++s->losses == MTU_SEARCH_PROBES_MOST)
		end_greeting(s);
}

void mtu_steps_refused(struct mtu_steps *s)
{
	if (greets(s))
		end_greeting(s);
	else
		mtu_steps_lost(s);
}

void mtu_steps_too_big(struct mtu_steps *s, uint32_t mtu)
{
	if (s->phase == MTU_FORWARD)
		mtu_search_too_big(&s->forward, mtu);
	else
		mtu_steps_lost(s);
}

/* --- what was found --------------------------------------------------------------------------------------------------- */

/* Without a server that confirms, what vanishes may vanish on either way, unless larger answers come. */
static void report_forward(const struct mtu_steps *s, struct result_mtu *ret)
{
	const struct mtu_search *m = &s->forward;

	if (m->state != MTU_FOUND || (m->by == MTU_BY_SEARCH && !s->confirmer && !s->larger_came))
		return;
	ret->forward_bytes = RESULT_KNOWN(m->passed);
	ret->forward_by = m->by == MTU_BY_ROUTER ? RESULT_BY_ICMP : RESULT_BY_SEARCH;
	ret->blackhole_forward = m->by == MTU_BY_SEARCH;
}

static void report_backward(const struct mtu_steps *s, struct result_mtu *ret)
{
	const struct mtu_search *m = &s->backward;

	if ((m->state != MTU_FOUND && !(s->phase == MTU_OVER && s->in_pieces)) || !ret->forward_bytes.known)
		return;
	ret->backward_bytes = RESULT_KNOWN(m->passed);
	ret->blackhole_backward = m->by == MTU_BY_SEARCH && !s->in_pieces;
	ret->backward_by = ret->blackhole_backward ? RESULT_BY_SEARCH : RESULT_BY_FRAGMENTS;
	if (m->by != MTU_BY_CEILING || s->in_pieces)
		ret->backward_at_most_bytes = RESULT_KNOWN(m->failed - 1);
}

void mtu_steps_report(const struct mtu_steps *s, uint32_t headers_bytes, struct result_mtu *ret)
{
	uint32_t both = s->backward.passed < s->forward.passed ? s->backward.passed : s->forward.passed;

	report_forward(s, ret);
	report_backward(s, ret);
	if (s->backward.passed != 0 && both >= headers_bytes)
		ret->payload_bytes = RESULT_KNOWN(both - headers_bytes);
}
