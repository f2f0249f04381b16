/* SPDX-License-Identifier: MIT */
/* The mtu test: what it takes, and what it found. */
#include "echoprobe/mtu.h"

#include <errno.h>
#include <inttypes.h>

#include "base/pages.h"
#include "echoprobe/mtu_session.h"
#include "echoprobe/mtu_socket.h"

static int settle(struct plan *plan, struct text *why)
{
	if (plan->flows == 1 && plan->exporter.family == AF_UNSPEC)
		return 0;
	text_addf(why, "mtu is one search, which ends: leave %s out", plan->flows == 1 ? "--exporter" : "--flows");
	return -EINVAL;
}

static int open_session(struct engine_flow *f)
{
	f->session = pages_take(sizeof(struct mtu));
	return f->session ? 0 : -ENOMEM;
}

static void close_session(struct engine_flow *f)
{
	pages_give(f->session, sizeof(struct mtu));
	f->session = NULL;
}

const struct probe_session mtu_session = {
	.ttl = PLAN_TTL,
	.room_bytes = PLAN_SIZE_MAX_BYTES,
	.one_size = "it chooses its sizes itself",
	.settle = settle,
	.open = open_session,
	.close = close_session,
};

/* --- the report ------------------------------------------------------------------------------------------------------- */

static void add_notes(struct engine *e, const struct mtu *m)
{
	const struct mtu_steps *s = &m->steps;

	if (s->phase <= MTU_GREETS_ECHO)
		return;
	if (!s->confirmer && m->confirmer_name[0] != '\0')
		notes_addf(&e->notes, "%s does not answer: what vanishes is told apart by direction as far as echo can",
			   m->confirmer_name);
	if (!s->echo)
		notes_addf(&e->notes, "echo on %u does not answer: the way back is not known", e->target.addr.port);
	if (s->forward.state == MTU_FOUND && !m->result.forward_bytes.known)
		notes_addf(&e->notes,
			   "packets over %" PRIu32 " vanish on the way there or on the way back: a server that confirms "
			   "by small answers would tell which (--ack)",
			   s->forward.passed);
	if (s->fragments_lost && m->result.backward_bytes.known && s->backward.by == MTU_BY_CEILING)
		notes_addf(&e->notes,
			   "%" PRId64 " is what the way back takes at least: requests in fragments have no answer",
			   m->result.backward_bytes.value);
	if (s->answers_most_bytes != 0)
		notes_addf(&e->notes, "the echo server answers with %u bytes at most, so that larger answers were not tried",
			   s->answers_most_bytes - mtu_socket_headers_bytes(e->target.addr.family));
}

void mtu_report(struct engine *e, struct result *ret)
{
	struct mtu *m = mtu_of(&e->flows[0]);
	struct result_mtu *r = &m->result;

	*r = (struct result_mtu){
		.interface_bytes = m->interface_bytes,
		.interface = ret->source.interface,
		.confirmer = m->steps.confirmer ? m->confirmer_name : NULL,
	};
	mtu_steps_report(&m->steps, mtu_socket_headers_bytes(e->target.addr.family), r);
	if (r->forward_by == RESULT_BY_ICMP)
		r->router = m->router;
	if (e->phase == ENGINE_OVER)
		r->learnt_bytes = mtu_socket_learnt(&e->source, &e->target.addr);
	add_notes(e, m);
	ret->notes_n = e->notes.n;
	ret->mtu = r;
}
