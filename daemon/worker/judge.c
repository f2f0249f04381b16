/* SPDX-License-Identifier: MIT */
/* Whether a datagram is answered, and whether a new session begins. */
#include "worker/judge.h"

static const struct rate no_rate;

void judge_begin(struct worker *w)
{
	for (size_t i = 0; i < w->plan->listeners_n; i++)
		if (w->plan->listeners[i].transport == TRANSPORT_UDP)
			ports_add(&w->served_ports, w->plan->listeners[i].address.port);
}

static struct limits_request request_of(const struct worker *w, const struct listener *l, const struct addr *source)
{
	return (struct limits_request){ .source = *source, .row = l->row, .now_ns = w->loop.now_ns };
}

static bool refuse(struct worker *w, const struct listener *l, enum refusal why)
{
	counters_add(&w->counters[l->row].refused[why], 1);
	return false;
}

/* What a refusal comes to: REFUSED_NOT, having counted it, where the listener's dry_run lifts it; else as it was. */
static enum refusal lift(struct worker *w, const struct listener *l, enum refusal why)
{
	bool lifted = why == REFUSED_RATE || why == REFUSED_SESSIONS || why == REFUSED_SOURCE;

	if (!lifted || !l->settings->rules.dry_run)
		return why;
	counters_add(&w->counters[l->row].dry_run[why], 1);
	return REFUSED_NOT;
}

static enum refusal check_rates(struct worker *w, const struct listener *l, const struct limits_request *q)
{
	const struct limits_totals *totals = &w->plan->settings->limits.totals;
	const struct session_rules *rules = &l->settings->rules;
	enum refusal why = limits_answer(w->plan->limits, q, &rules->udp_rate, totals);

	if (why == REFUSED_RATE && lift(w, l, why) == REFUSED_NOT)
		why = limits_answer(w->plan->limits, q, &no_rate, totals);
	return why;
}

bool judge_request(struct worker *w, const struct listener *l, const struct gate_packet *p)
{
	struct limits_request q = request_of(w, l, &p->source);
	enum refusal why = gate_check(&l->settings->rules, &w->served_ports, p);

	/* Where nothing is sent, nothing is to be limited, and nothing goes round. */
	if (why == REFUSED_NOT && l->transport == TRANSPORT_UDP && !(l->settings->service->traits & SVC_SINK)) {
		why = check_rates(w, l, &q);
		if (why == REFUSED_NOT)
			why = limits_loop(w->plan->limits, &q);
	}
	return why == REFUSED_NOT || refuse(w, l, why);
}

size_t judge_room(const struct listener *l, const struct gate_packet *p, size_t room)
{
	uint32_t most = gate_answer_max(&l->settings->rules, l->settings->service, p);

	return (l->settings->service->traits & SVC_SHORTENS) && most < room ? most : room;
}

bool judge_answer(struct worker *w, const struct listener *l, const struct gate_packet *p, size_t n)
{
	struct limits_request q = request_of(w, l, &p->source);
	enum refusal why = REFUSED_NOT;

	if (n > gate_answer_max(&l->settings->rules, l->settings->service, p))
		why = REFUSED_AMPLIFICATION;
	else if (l->transport == TRANSPORT_UDP)
		why = limits_answer_bytes(w->plan->limits, &q, &w->plan->settings->limits.totals, (uint32_t)n);
	return why == REFUSED_NOT || refuse(w, l, why);
}

static enum refusal hold_to_caps(struct worker *w, const struct table_request *r, enum judge_step step,
				 struct table_slot **slot)
{
	struct table *t = w->plan->shared->table;

	switch (step) {
	case JUDGE_NAMED:
		return table_name(t, *slot, r);
	case JUDGE_BECOMES:
		return table_become(t, *slot, r);
	default:
		return table_admit(t, r, slot);
	}
}

static enum refusal check_source(struct worker *w, const struct listener *l, const struct table_request *r)
{
	const struct session_rules *rules = &l->settings->rules;
	struct limits_request q = request_of(w, l, &r->peer);

	if (r->peer.family == AF_UNSPEC)
		return REFUSED_NOT;
	if (!acl_allows(&rules->acl, &r->peer))
		return REFUSED_ACL;
	return r->is_exempt ? REFUSED_NOT : lift(w, l, limits_session(w->plan->limits, &q, &rules->session_rate));
}

enum refusal judge_session(struct worker *w, const struct listener *l, const struct table_request *r, enum judge_step step,
			   struct table_slot **slot)
{
	enum refusal why = check_source(w, l, r), capped;
	struct table_request uncapped = *r;

	if (why != REFUSED_NOT)
		return why;
	capped = hold_to_caps(w, r, step, slot);
	if (capped == REFUSED_NOT || !l->settings->rules.dry_run)
		return capped;
	/* Without the listener's caps. If it is admitted now, it was they that refused it. */
	uncapped.row_max = uncapped.row_per_source = 0;
	why = hold_to_caps(w, &uncapped, step, slot);
	return why == REFUSED_NOT ? lift(w, l, capped) : why;
}
