/* SPDX-License-Identifier: MIT */
/* Admission: whether a datagram is answered, and whether a new session begins. */
#include "worker/admission.h"

#include "base/clock.h"

static const struct rate no_rate;

/* The ports that any worker serves over UDP: of a process that serves datagrams. */
static struct ports served_ports;

void admission_begin(struct worker *w)
{
	served_ports = (struct ports){ 0 };
	for (size_t i = 0; i < w->plan->listeners_n; i++)
		if (w->plan->listeners[i].transport == TRANSPORT_UDP)
			ports_add(&served_ports, w->plan->listeners[i].address.port);
}

static struct rate_limits_request request_of(const struct worker *w, const struct listener *l, const struct addr *source,
					     uint32_t n)
{
	return (struct rate_limits_request){ .source = *source, .row = l->row, .n = n, .now_ns = w->loop.now_ns };
}

void admission_refused(struct worker *w, const struct listener *l, const struct admission_refusal *r)
{
	const struct rate_sketch_shape *shape = &w->plan->settings->limits.shape;
	unsigned bits = r->source->family == AF_INET ? shape->source_bits_v4 : shape->source_bits_v6;
	struct offence offence = { .row = l->row, .why = r->why };

	if (!r->n)
		return;
	counters_add(&w->counters[l->row].refused[r->why], r->n);
	offence.source = addr_masked(r->source, bits);
	offenders_note(&w->plan->shared->offenders[w->record_index], &offence, r->n, w->loop.now_ns);
}

/* The administrator's word; it goes over all other rules. */
static bool is_drained(const struct worker *w, const struct listener *l)
{
	return atomic_load_explicit(&w->plan->shared->drained[l->row], memory_order_relaxed) != 0;
}

/* Lifts a refusal of n where the listener's dry_run says so, and counts it. False: it stands. */
static bool lifts(struct worker *w, const struct listener *l, enum refusal why, uint32_t n)
{
	if (!l->settings->admission.dry_run || (why != REFUSED_RATE && why != REFUSED_SESSIONS && why != REFUSED_SOURCE))
		return false;
	counters_add(&w->counters[l->row].dry_run[why], n);
	return true;
}

/* The first so many of n are within the rates. */
static uint32_t check_rates(struct worker *w, const struct listener *l, struct rate_limits_request q)
{
	const struct rate_limits_totals *totals = &w->plan->settings->limits.totals;
	enum refusal why;
	uint32_t n = rate_limits_answers(w->plan->limits, &q, &l->settings->admission.udp_rate, totals, &why);

	q.n -= n;
	if (q.n && lifts(w, l, why, q.n)) {
		uint32_t more = rate_limits_answers(w->plan->limits, &q, &no_rate, totals, &why);
		n += more;
		q.n -= more;
	}
	admission_refused(w, l, &(struct admission_refusal){ why, &q.source, q.n });
	if (q.n)
		rate_limits_note_limited(w->plan->limits, &q.source, q.now_ns);
	return n;
}

static uint64_t first_bits(uint32_t n)
{
	return n < ADMISSION_MAX ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

/* Whether the listener serves at this moment. */
static enum refusal check_hours(const struct listener *l)
{
	const struct hours *hours = &l->settings->admission.hours;
	int64_t now_s, local_s;

	if (hours->n == 0)
		return REFUSED_NOT;
	now_s = clock_wall().tv_sec;
	local_s = now_s + zone_at(l->settings->options.zone, now_s)->offset_s;
	return hours_hold(hours, (unsigned)(local_s % (24 * 3600) / 60)) ? REFUSED_NOT : REFUSED_TIME;
}

uint64_t admission_requests(struct worker *w, const struct listener *l, const struct checked_packet *p, uint32_t n)
{
	enum refusal why = is_drained(w, l) ? REFUSED_DRAINED
					    : datagram_checks_all(&l->settings->admission, &served_ports, p);
	uint32_t looped;

	if (why == REFUSED_NOT)
		why = check_hours(l);
	if (why != REFUSED_NOT) {
		admission_refused(w, l, &(struct admission_refusal){ why, &p->source, n });
		return 0;
	}
	/* A sink sends nothing, so no rate applies and no loop can form. */
	if (l->transport != TRANSPORT_UDP || (l->settings->service->traits & SVC_SINK))
		return first_bits(n);
	struct rate_limits_request q = request_of(w, l, &p->source, n);
	q.n = check_rates(w, l, q);
	if (l->settings->service->traits & SVC_ENDS_LOOPS)
		return first_bits(q.n);
	q.bytes = p->length;
	q.payloads = l->settings->service->traits & SVC_MIRROR ? p->payloads : NULL;
	looped = rate_limits_loop(w->plan->limits, &q);
	if (looped == RATE_LIMITS_NO_LOOP)
		return first_bits(q.n);
	admission_refused(w, l, &(struct admission_refusal){ REFUSED_LOOP, &p->source, 1 });
	return first_bits(q.n) & ~(UINT64_C(1) << looped);
}

size_t admission_room(const struct listener *l, const struct checked_packet *p, size_t bytes)
{
	uint32_t most = datagram_checks_answer_max(&l->settings->admission, l->settings->service, p);

	return (l->settings->service->traits & SVC_SHORTENS) && most < bytes ? most : bytes;
}

uint32_t admission_answers(struct worker *w, const struct listener *l, const struct checked_packet *p,
			   const struct admission_answer *a)
{
	struct rate_limits_request q = request_of(w, l, &p->source, a->n);
	uint32_t sent;

	if (a->bytes > datagram_checks_answer_max(&l->settings->admission, l->settings->service, p)) {
		admission_refused(w, l, &(struct admission_refusal){ REFUSED_AMPLIFICATION, &p->source, a->n });
		return 0;
	}
	if (l->transport != TRANSPORT_UDP)
		return a->n;
	sent = rate_limits_answer_bytes(w->plan->limits, &q, &w->plan->settings->limits.totals, (uint32_t)a->bytes);
	admission_refused(w, l, &(struct admission_refusal){ REFUSED_TOTAL, &p->source, a->n - sent });
	if (sent < a->n)
		rate_limits_note_limited(w->plan->limits, &p->source, q.now_ns);
	return sent;
}

enum admission_step { NEW, NAMED, BECOMES };

static enum refusal hold_to_caps(struct worker *w, const struct table_request *r, enum admission_step step,
				 struct table_slot **slot)
{
	const struct table *t = w->plan->table;

	switch (step) {
	case NAMED:
		return table_name(t, *slot, r);
	case BECOMES:
		return table_become(t, *slot, r);
	default:
		return table_admit(t, r, slot);
	}
}

static enum refusal unless_lifted(struct worker *w, const struct listener *l, enum refusal why)
{
	return why != REFUSED_NOT && lifts(w, l, why, 1) ? REFUSED_NOT : why;
}

static enum refusal check_load(const struct worker *w, const struct listener *l)
{
	uint32_t most = l->settings->admission.max_load;

	return most && atomic_load_explicit(&w->plan->shared->load, memory_order_relaxed) > most ? REFUSED_LOAD
												 : REFUSED_NOT;
}

static enum refusal check_source(struct worker *w, const struct listener *l, const struct table_request *r)
{
	const struct admission_rules *rules = &l->settings->admission;
	struct rate_limits_request q = request_of(w, l, &r->peer, 1);

	if (r->peer.family == AF_UNSPEC)
		return REFUSED_NOT;
	if (!acl_allows(&rules->acl, &r->peer))
		return REFUSED_ACL;
	enum refusal why = check_hours(l);
	if (why == REFUSED_NOT)
		why = check_load(w, l);
	if (why != REFUSED_NOT)
		return why;
	return r->is_exempt ? REFUSED_NOT
			    : unless_lifted(w, l, rate_limits_session(w->plan->limits, &q, &rules->session_rate));
}

/* Held against the caps: a request, and for what. */
struct held_to {
	const struct table_request *request;
	enum admission_step step;
};

/* A refusal because of caps, unless the listener's dry run lifts it: then the session is held to the other caps. */
static enum refusal check_caps(struct worker *w, const struct listener *l, const struct held_to *h, struct table_slot **slot)
{
	enum refusal capped = hold_to_caps(w, h->request, h->step, slot), why;
	struct table_request uncapped = *h->request;

	if (capped == REFUSED_NOT || !l->settings->admission.dry_run)
		return capped;
	/* Without the listener's caps. If the session is admitted now, it was they that refused it. */
	uncapped.row_max = uncapped.row_per_source = 0;
	why = hold_to_caps(w, &uncapped, h->step, slot);
	return why == REFUSED_NOT ? unless_lifted(w, l, capped) : why;
}

enum refusal admission_new(struct worker *w, const struct listener *l, const struct table_request *r,
			   struct table_slot **ret_slot)
{
	enum refusal why = is_drained(w, l) ? REFUSED_DRAINED : check_source(w, l, r);

	return why == REFUSED_NOT ? check_caps(w, l, &(struct held_to){ r, NEW }, ret_slot) : why;
}

enum refusal admission_name(struct worker *w, const struct listener *l, const struct table_request *r,
			    struct table_slot *slot)
{
	enum refusal why = check_source(w, l, r);

	return why == REFUSED_NOT ? check_caps(w, l, &(struct held_to){ r, NAMED }, &slot) : why;
}

enum refusal admission_become(struct worker *w, const struct listener *l, const struct table_request *r,
			      struct table_slot *slot)
{
	enum refusal why = is_drained(w, l) ? REFUSED_DRAINED : check_source(w, l, r);

	return why == REFUSED_NOT ? check_caps(w, l, &(struct held_to){ r, BECOMES }, &slot) : why;
}

bool admission_is_proxied(const struct listener *l)
{
	return l->settings->rules.proxy != PROXY_OFF && (l->transport & TRANSPORT_STREAMS);
}

struct table_request admission_request(const struct worker *w, const struct listener *l, const struct addr *peer)
{
	const struct settings *all = w->plan->settings;

	return (struct table_request){
		.owner = w->pid,
		.row = l->row,
		.pool = shared_pool_pack(w->plan->generation, w->pool_index),
		.peer = *peer,
		.now_ns = clock_mono_ns(),
		.total = all->limits.sessions,
		.row_max = l->settings->admission.max_sessions,
		.per_source = all->limits.sessions_per_source,
		.row_per_source = l->settings->admission.max_sessions_per_source,
		.source_bits_v4 = all->limits.shape.source_bits_v4,
		.source_bits_v6 = all->limits.shape.source_bits_v6,
	};
}

enum refusal admission_connection(struct worker *w, const struct listener *l, const struct addr *peer,
				  struct table_slot **ret_slot)
{
	const struct session_rules *rules = &l->settings->rules;
	struct table_request request = admission_request(w, l, peer);

	if (admission_is_proxied(l)) {
		if (!acl_trusts(rules->proxy_from, rules->proxy_from_n, peer))
			return REFUSED_PROXY;
		request.peer = (struct addr){ 0 };
	}
	return admission_new(w, l, &request, ret_slot);
}
