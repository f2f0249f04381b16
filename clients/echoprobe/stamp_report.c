/* SPDX-License-Identifier: MIT */
/* The findings of the stamp test, as a result. */
#include <inttypes.h>

#include "echoprobe/engine.h"
#include "echoprobe/stamp.h"
#include "echoprobe/stamp_session.h"

#define TTL_LOWEST_OF_255 129 /* a host that sends with 255, and not with 64 or 128, is so far away at most */

static struct result_value percentile(const struct histogram *h, unsigned per_mille, int64_t above_ns)
{
	int64_t ns;

	return histogram_percentile(h, per_mille, &ns) ? RESULT_KNOWN(above_ns + ns) : (struct result_value){ 0 };
}

static struct result_delays delays(const struct oneway_direction *d, int64_t above_ns)
{
	return (struct result_delays){
		.min = RESULT_KNOWN(above_ns),
		.mean = RESULT_KNOWN(above_ns + (int64_t)d->pdv_ns.mean),
		.p50 = percentile(&d->pdv, 500, above_ns),
		.p90 = percentile(&d->pdv, 900, above_ns),
		.p99 = percentile(&d->pdv, 990, above_ns),
		.max = RESULT_KNOWN(above_ns + d->pdv.max_ns),
	};
}

static void report_delays(struct result_direction *to, const struct oneway_direction *d, int64_t bound_ns, double jitter_ns)
{
	to->delay_ns = delays(d, d->least_ns);
	to->pdv_ns = delays(d, 0);
	to->bound_ns = RESULT_KNOWN(bound_ns);
	to->rfc3550_ns = RESULT_KNOWN((int64_t)jitter_ns);
}

static void report_clocks(struct stamp_session *s, const struct oneway_result *r)
{
	struct result_clock *c = &s->stamp.clock;

	*c = (struct result_clock){
		.offset_ns = RESULT_KNOWN(r->offset_ns),
		.bound_ns = RESULT_KNOWN(r->bound_ns),
		.by = r->offset.by == OFFSET_BY_ERROR_ESTIMATES ? RESULT_BY_ERROR_ESTIMATES : RESULT_BY_CAUSALITY,
		.skew_known = r->skew_state == ONEWAY_SKEW_CORRECTED,
		.skew_ppm = r->skew.skew_ppm,
		.steps = r->offset.steps,
		.here.synchronised = s->here.state == CLOCK_SYNCHRONISED,
		.there.synchronised = s->there.is_synchronised,
	};
	if (c->here.synchronised)
		c->here.error_ns = RESULT_KNOWN(s->here.max_error_us * (int64_t)US_NS);
	if (s->there.is_valid && s->there.error_ns <= INT64_MAX)
		c->there.error_ns = RESULT_KNOWN((int64_t)s->there.error_ns);
}

static void add(struct result_value *to, uint64_t n)
{
	*to = RESULT_KNOWN((to->known ? to->value : 0) + (int64_t)n);
}

/* Only a reflector that numbers its answers tells one direction from the other; some count packets without that. */
static void add_counts(struct engine_flow *f, struct result_directions *ret, enum direction_kind *ret_kind)
{
	struct stamp_session *s = f->session;
	struct direction_counts n = direction_find(&s->direction, track_next(&f->track), f->tally.packets.send_failed);
	uint64_t waiting = f->track.pending.waiting;
	struct result_directions own = { .unknown_lost = RESULT_KNOWN(0) };

	add(&own.unknown_lost, n.unknown_lost > waiting ? n.unknown_lost - waiting : 0);
	*ret_kind = n.kind;
	if (n.kind == DIRECTION_STATELESS || s->direction.answered == 0) {
		stamp_extras_report(&s->extras, f->engine->plan, STAMP_EXTRAS_WANTED, &own);
		if (own.forward.lost.known) {
			add(&ret->forward.lost, (uint64_t)own.forward.lost.value);
			add(&ret->backward.lost, (uint64_t)own.backward.lost.value);
		}
		add(&ret->unknown_lost, (uint64_t)own.unknown_lost.value);
		return;
	}
	add(&ret->unknown_lost, (uint64_t)own.unknown_lost.value);
	add(&ret->forward.lost, n.forward_lost);
	add(&ret->forward.duplicated, n.forward_duplicated);
	add(&ret->forward.reordered, n.forward_reordered);
	add(&ret->backward.lost, n.backward_lost);
	add(&ret->backward.duplicated, n.backward_duplicated);
	add(&ret->backward.reordered, n.backward_reordered);
}

/* The sums of all flows. */
static void report_counts(struct stamp_session *to, struct engine *e)
{
	bool stateful = false, stateless = false;

	for (size_t i = 0; i < e->flows_n; i++) {
		enum direction_kind kind;

		add_counts(&e->flows[i], &to->directions, &kind);
		stateful = stateful || kind == DIRECTION_STATEFUL;
		stateless = stateless || kind == DIRECTION_STATELESS;
	}
	to->stamp.reflector = stateful    ? RESULT_REFLECTOR_STATEFUL
			      : stateless ? RESULT_REFLECTOR_STATELESS
					  : RESULT_REFLECTOR_UNKNOWN;
}

/* A reflector that cannot see the TTL says 255, which is no count of hops where answers have passed some. */
static void report_hops(struct stamp_session *s, const struct plan *plan)
{
	if (s->ttl_here >= TTL_LOWEST_OF_255)
		s->directions.backward.hops = RESULT_KNOWN(255 - s->ttl_here);
	if (s->ttl_there > 0 && s->ttl_there <= plan->ttl && (s->ttl_there != 255 || s->ttl_here == 255))
		s->directions.forward.hops = RESULT_KNOWN(plan->ttl - s->ttl_there);
}

static void add_notes(struct engine *e, const struct stamp_session *s, const struct oneway_result *r)
{
	if (s->oneway.impossible > 0)
		notes_addf(&e->notes, "%" PRIu64 " answers have time stamps that cannot be: no delay was taken from them",
			   s->oneway.impossible);
	if (s->estimates_missing > 0)
		notes_addf(&e->notes, "%" PRIu64 " answers do not say how wrong their clock may be (Multiplier 0)",
			   s->estimates_missing);
	if (s->ssid_missing > 0)
		notes_addf(&e->notes, "%" PRIu64 " answers did not bring the SSID back", s->ssid_missing);
	if (r && r->offset.by == OFFSET_CONTRADICTED)
		notes_addf(&e->notes,
			   "a clock is more wrong than it says, so what the clocks say of themselves was left out");
}

void stamp_report(struct engine *e, struct result *ret)
{
	struct stamp_session *s = e->flows[0].session;
	struct oneway_result *r = &s->found;
	bool has_delays = oneway_find(&s->oneway, r);

	s->directions = (struct result_directions){ 0 };
	s->stamp = (struct result_stamp){
		.authenticated = e->plan->key_file != NULL,
		.remote_p50_ns = percentile(&s->remote, 500, 0),
		.remote_p99_ns = percentile(&s->remote, 990, 0),
	};
	if (e->plan->ssid != 0)
		s->stamp.ssid = RESULT_KNOWN(e->plan->ssid);
	report_counts(s, e);
	s->directions.forward.dscp_sent = RESULT_KNOWN(e->plan->dscp);
	s->directions.forward.ecn_sent = RESULT_KNOWN(e->plan->ecn);
	s->directions.backward.dscp_seen = s->dscp_seen;
	s->directions.backward.ecn_seen = s->ecn_seen;
	stamp_extras_report(&s->extras, e->plan, STAMP_EXTRAS_KNOWN, &s->directions);
	/* Each flow may take a path of its own, of which the first alone is no picture: the clocks are the same for all. */
	if (e->flows_n == 1)
		report_hops(s, e->plan);
	if (has_delays && e->flows_n == 1) {
		report_delays(&s->directions.forward, &r->forward, r->bound_ns, s->forward_jitter_ns);
		report_delays(&s->directions.backward, &r->backward, r->bound_ns, s->backward_jitter_ns);
	}
	if (has_delays)
		report_clocks(s, r);
	add_notes(e, s, has_delays ? r : NULL);
	stamp_extras_notes(&s->extras, e->plan, &e->source, &e->notes);
	ret->notes_n = e->notes.n;
	ret->directions = &s->directions;
	ret->stamp = &s->stamp;
}
