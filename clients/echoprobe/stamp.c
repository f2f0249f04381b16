/* SPDX-License-Identifier: MIT */
/* The stamp test: packets, their answers, and what an answer says of both directions. */
#include "echoprobe/stamp.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/pages.h"
#include "echoprobe/engine.h"
#include "echoprobe/stamp_key.h"
#include "echoprobe/stamp_session.h"
#include "wire/stamp.h"
#include "wire/stamp_clock.h"
#include "wire/stamp_tlv.h"

#define STEP_NS ((int64_t)CLOCK_MS_NS) /* a wall clock that moved by more was set */

static enum stamp_mode mode_of(const struct plan *plan)
{
	return plan->key_file ? STAMP_AUTHENTICATED : STAMP_UNAUTHENTICATED;
}

static enum stamp_form form_of(const struct plan *plan)
{
	return plan->ptp ? STAMP_PTP : STAMP_NTP;
}

/* Octets of a packet before its padding TLV, and before what is in that. */
static size_t unpadded(const struct plan *plan)
{
	return stamp_base_bytes(mode_of(plan)) + stamp_extras_bytes(plan);
}

static size_t padded(const struct engine_flow *f)
{
	return ((const struct stamp_session *)f->session)->unpadded_n + STAMP_TLV_HEADER;
}

uint32_t stamp_size_bytes(const struct plan *plan)
{
	size_t extras_n = stamp_extras_bytes(plan);

	if (plan->tlvs.types & 1U << STAMP_TLV_PADDING)
		return (uint32_t)(unpadded(plan) + STAMP_TLV_HEADER) + plan->tlvs.padding_bytes;
	return (plan->key_file ? PLAN_SIZE_AUTHENTICATED_BYTES : PLAN_SIZE_BYTES) + (uint32_t)extras_n;
}

static int64_t ns_of(const struct timespec *t)
{
	return t->tv_sec * (int64_t)CLOCK_S_NS + t->tv_nsec;
}

/* --- a flow's memory -------------------------------------------------------------------------------------------------- */

static int open_session(struct engine_flow *f)
{
	struct stamp_session *s = pages_take(sizeof(*s));
	size_t slots_n = f->track.pending.capacity;

	if (!s)
		return -ENOMEM;
	f->session = s;
	s->highs_n = slots_n < ORDER_CAPACITY ? slots_n : ORDER_CAPACITY;
	s->slots_n = slots_n;
	s->sent = pages_take(slots_n * sizeof(*s->sent));
	s->places = pages_take(slots_n * sizeof(*s->places));
	s->highs = pages_take(2 * s->highs_n * sizeof(*s->highs));
	if (!s->sent || !s->places || !s->highs)
		return -ENOMEM;
	direction_init(&s->direction,
		       &(struct direction_memory){ .places = s->places,
						   .places_n = slots_n,
						   .forward_highs = s->highs,
						   .backward_highs = s->highs + s->highs_n,
						   .highs_n = s->highs_n },
		       f->track.warmup);
	oneway_init(&s->oneway, s->samples, ONEWAY_CAPACITY);
	s->here = clock_status_now();
	s->unpadded_n = unpadded(f->engine->plan);
	return 0;
}

static void close_session(struct engine_flow *f)
{
	struct stamp_session *s = f->session;

	if (!s)
		return;
	pages_give(s->sent, s->slots_n * sizeof(*s->sent));
	pages_give(s->places, s->slots_n * sizeof(*s->places));
	pages_give(s->highs, 2 * s->highs_n * sizeof(*s->highs));
	pages_give(s, sizeof(*s));
	f->session = NULL;
}

/* A packet is the base packet with its TLVs, or that and a padding TLV. */
static bool is_size(const struct plan *plan, uint32_t bytes)
{
	return bytes == unpadded(plan) || bytes >= unpadded(plan) + STAMP_TLV_HEADER;
}

static int settle(struct plan *plan, struct text *why)
{
	size_t least = unpadded(plan);

	/* Where the first two sizes are right the others are, as they are larger. */
	if (!is_size(plan, plan->size_bytes) || (plan->sizes_n > 1 && !is_size(plan, plan->size_bytes + plan->step_bytes))) {
		text_addf(why, "%s of stamp%s takes %zu, or %zu and more", plan->sizes_n > 1 ? "--sweep" : "-s",
			  plan->tlvs.types != 0 ? " with --tlv"
			  : plan->key_file      ? " with --auth"
						: "",
			  least, least + STAMP_TLV_HEADER);
		return -EINVAL;
	}
	return plan->key_file ? stamp_key_read(plan->key_file, &plan->key, why) : 0;
}

/* --- packets ---------------------------------------------------------------------------------------------------------- */

static uint16_t error_estimate(const struct clock_status *clock, enum stamp_form form)
{
	const struct stamp_error e = {
		.is_synchronised = clock->state == CLOCK_SYNCHRONISED,
		.form = form,
		.is_valid = true,
		.error_ns = (uint64_t)clock->max_error_us * US_NS,
	};

	return stamp_error_write(&e);
}

void stamp_build(const struct engine *e, const struct payload_id *id, uint8_t *to)
{
	struct stamp_session *s = e->flows[id->flow].session;
	const size_t base_n = stamp_base_bytes(mode_of(e->plan)), padded_n = s->unpadded_n + STAMP_TLV_HEADER;
	struct timespec now = clock_wall();
	const struct stamp_request request = {
		.seq = id->seq,
		.sent = stamp_clock_write(&now, form_of(e->plan)),
		.error = error_estimate(&s->here, form_of(e->plan)),
		.ssid = e->plan->ssid,
	};
	struct stamp_tlv_writer w = { .at = to + base_n, .cap = e->size_bytes - base_n };

	s->sent[id->seq & (s->slots_n - 1)] = request.sent;
	stamp_write_request(to, mode_of(e->plan), &request);
	if (e->plan->key_file)
		stamp_sign(to, &e->plan->key);
	stamp_extras_write(e->plan, id->seq, &w);
	if (e->size_bytes < padded_n || !stamp_tlv_add(&w, STAMP_TLV_PADDING, NULL, (uint16_t)(e->size_bytes - padded_n)))
		return;
	payload_write(&e->payload, id, to + padded_n, e->size_bytes - padded_n);
}

/* The padding has to come back as it was sent; what a reflector writes into the base packet and the flags is its own. */
static enum tally_content compare(const struct engine_flow *f, const struct batch_datagram *d, uint32_t seq)
{
	const size_t sent_n = f->engine->size_bytes, before_n = padded(f);
	const struct payload_packet packet = { .id = { .seq = seq, .flow = f->index },
					       .n = sent_n < before_n ? 0 : sent_n - before_n };
	const struct payload_octets padding = { .at = d->at + before_n, .n = d->n < before_n ? 0 : d->n - before_n };

	if (d->length != sent_n)
		return d->length < sent_n ? TALLY_TRUNCATED : TALLY_LENGTHENED;
	if (packet.n == 0)
		return TALLY_INTACT;
	return payload_compare(&f->engine->payload, &packet, &padding, UINT64_MAX).content;
}

enum probe_found stamp_read(const struct engine_flow *f, const struct batch_datagram *d, struct probe_answer *ret)
{
	const struct plan *plan = f->engine->plan;
	const struct stamp_session *s = f->session;
	struct stamp_reflection r;

	if (stamp_read_reflection(d->at, d->n, mode_of(plan), &r) < 0)
		return PROBE_UNRELATED;
	if (plan->key_file && !stamp_is_authentic(d->at, d->n, &plan->key))
		return PROBE_UNRELATED;
	if (r.ssid != 0 && r.ssid != plan->ssid)
		return PROBE_UNRELATED;
	switch (pending_find(&f->track.pending, r.sender.seq, &ret->seq)) {
	case PENDING_FORGOTTEN:
		return PROBE_FORGOTTEN;
	case PENDING_NEVER_SENT:
		return PROBE_UNRELATED;
	case PENDING_KNOWN:
		break;
	}
	if (r.sender.sent != s->sent[r.sender.seq & (s->slots_n - 1)])
		return PROBE_UNRELATED;
	ret->content = compare(f, d, r.sender.seq);
	return PROBE_ANSWER;
}

/* --- what an answer says ------------------------------------------------------------------------------------------- */

static void note_marks(struct stamp_session *s, const struct stamp_reflection *r, const struct batch_datagram *d)
{
	s->there = stamp_error_read(r->error);
	s->ttl_there = r->ttl;
	if (d->ttl >= 0)
		s->ttl_here = d->ttl;
	if (d->traffic_class < 0)
		return;
	s->dscp_seen |= UINT64_C(1) << (d->traffic_class >> 2);
	s->ecn_seen |= (uint8_t)(1U << (d->traffic_class & 3));
}

/* The most that both clocks are apart, as they say themselves. */
static int64_t error_ns(const struct stamp_session *s, int64_t clock_ns)
{
	int64_t moved_ns = clock_ns - s->clock_ns;

	if (s->here.state != CLOCK_SYNCHRONISED || !s->there.is_synchronised || !s->there.is_valid ||
	    s->there.error_ns > CLOCK_S_NS * 1000 || moved_ns > STEP_NS || moved_ns < -STEP_NS)
		return DELAY_NO_ERROR;
	return s->here.max_error_us * (int64_t)US_NS + (int64_t)s->there.error_ns;
}

/* The times of the reflector; and ours, of the wall clock at the start and CLOCK_MONOTONIC from there on. */
static struct oneway_packet moments_of(struct stamp_session *s, const struct stamp_reflection *r,
				       const struct probe_arrival *a)
{
	struct timespec near = clock_wall();
	struct timespec received = stamp_clock_read(r->received, s->there.form, &near);
	struct timespec sent = stamp_clock_read(r->sent, s->there.form, &near);

	if (s->oneway.seen == 0)
		s->clock_ns = a->clock_ns;
	return (struct oneway_packet){
		.t1_ns = a->sent_ns + s->clock_ns,
		.t2_ns = ns_of(&received),
		.t3_ns = ns_of(&sent),
		.t4_ns = a->arrived_ns + s->clock_ns,
		.error_ns = error_ns(s, a->clock_ns),
	};
}

static void add_variation(struct variation *v, int64_t delay_ns, double *jitter_ns)
{
	double now_ns;

	if (variation_arrived(v, delay_ns, &now_ns))
		*jitter_ns = now_ns;
}

static void measure(struct stamp_session *s, const struct oneway_packet *m, struct result_packet *p)
{
	struct oneway_delays delays;

	if (!oneway_add(&s->oneway, m, &delays))
		return;
	p->remote_ns = RESULT_KNOWN(m->t3_ns - m->t2_ns);
	histogram_add(&s->remote, m->t3_ns - m->t2_ns);
	add_variation(&s->forward, m->t2_ns - m->t1_ns, &s->forward_jitter_ns);
	add_variation(&s->backward, m->t4_ns - m->t3_ns, &s->backward_jitter_ns);
	if (delays.bound_ns > (delays.forward_ns + delays.backward_ns) / 4)
		return; /* as one number it would say more than is known */
	p->forward_ns = RESULT_KNOWN(delays.forward_ns);
	p->backward_ns = RESULT_KNOWN(delays.backward_ns);
}

static void note_extras(struct engine_flow *f, const struct batch_datagram *d, const struct stamp_reflection *r)
{
	const struct plan *plan = f->engine->plan;
	struct stamp_session *s = f->session;
	size_t base_n = stamp_base_bytes(mode_of(plan));
	uint8_t octets[STAMP_EXTRAS_MAX];
	struct stamp_tlvs tlvs = { .at = octets };

	if (plan->tlvs.types == 0 || d->n < s->unpadded_n)
		return;
	tlvs.n = s->unpadded_n - base_n;
	memcpy(octets, d->at + base_n, tlvs.n);
	stamp_extras_take(&s->extras, plan, r, &tlvs);
}

static void observe(struct engine_flow *f, const struct probe_arrival *a, struct result_packet *p)
{
	struct stamp_session *s = f->session;
	struct stamp_reflection r;

	if (stamp_read_reflection(a->datagram->at, a->datagram->n, mode_of(f->engine->plan), &r) < 0)
		return;
	direction_add(&s->direction, &(struct direction_answer){
					     .seq = p->seq,
					     .number = r.seq,
					     .copy = a->is_first ? DIRECTION_FIRST_COPY : DIRECTION_FURTHER_COPY,
					     .arrived_ns = a->arrived_ns,
				     });
	if (p->seq < f->track.warmup)
		return;
	note_marks(s, &r, a->datagram);
	if (!a->is_first)
		return;
	s->estimates_missing += !s->there.is_valid;
	s->ssid_missing += r.ssid != f->engine->plan->ssid;
	note_extras(f, a->datagram, &r);
	struct oneway_packet m = moments_of(s, &r, a);
	measure(s, &m, p);
}

const struct probe_session stamp_session = {
	.ttl = STAMP_TTL_UNKNOWN,
	.settle = settle,
	.open = open_session,
	.close = close_session,
	.observe = observe,
};
