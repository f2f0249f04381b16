/* SPDX-License-Identifier: MIT */
/*
 * Packets of the mtu test, one after the other.
 *
 * Each size is tried from a port of its own, unless the port is said: a small answer does not tell which packet it is to,
 * and one that comes late or twice must not be taken for the next size's.
 */
#include "echoprobe/engine_mtu.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include "base/clock.h"
#include "echoprobe/engine_private.h"
#include "echoprobe/mtu_session.h"
#include "echoprobe/mtu_socket.h"
#include "echoprobe/probe.h"

#define IPV4_LEAST_BYTES 68 /* RFC 791  */
#define IPV6_LEAST_BYTES 1280
#define IP_MOST_BYTES 65535
#define ETHERNET_BYTES 1500 /* where the interface is not known */
#define ROUNDS_MAX 64

/* --- sending ---------------------------------------------------------------------------------------------------------- */

static void receive(struct loop_source *s, uint32_t events);
static void read_errors(struct engine_flow *f);

static int open_socket(struct engine_flow *f, struct text *why)
{
	struct engine *e = f->engine;
	const struct flow_ends ends = { .plan = e->plan, .target = &e->target.addr, .from = &mtu_of(f)->from };
	int r = flow_open(&f->socket, &ends, why);

	f->source = (struct loop_source){ .fd = r < 0 ? -1 : f->socket.fd, .ready = receive };
	return r;
}

static bool is_same(const struct mtu_step *a, const struct mtu_step *b)
{
	return a->to == b->to && a->size_bytes == b->size_bytes && a->whole == b->whole;
}

/* A socket for another step than the last. 0 or -errno. */
static int renew_socket(struct engine_flow *f)
{
	struct mtu *m = mtu_of(f);
	char storage[200];
	struct text why = TEXT_OVER(storage);
	int r;

	loop_remove(f->engine->loop, &f->source);
	flow_close(&f->socket);
	r = open_socket(f, &why);
	if (r == 0)
		r = loop_add(f->engine->loop, &f->source, EPOLLIN);
	if (r < 0)
		return r;
	if (m->step.whole)
		mtu_socket_whole(&f->socket);
	else
		mtu_socket_in_pieces(&f->socket, m->steps.forward.passed);
	m->first = track_next(&f->track);
	return 0;
}

static size_t payload_bytes(const struct engine_flow *f)
{
	return mtu_of(f)->step.size_bytes - mtu_socket_headers_bytes(f->socket.family);
}

/* 0, or -errno: it has not left, or need not. */
static int send_packet(struct engine_flow *f)
{
	struct mtu *m = mtu_of(f);
	struct engine *e = f->engine;
	const struct payload_id id = { .seq = (uint32_t)track_next(&f->track), .flow = f->index };
	size_t n = payload_bytes(f);
	struct engine_now now = engine_now();
	struct pending_slot *slot;
	int r;

	batch_begin(e->batch, f->socket.family, m->step.to == MTU_ECHO ? &e->target.addr : &m->confirmer);
	payload_write(&e->payload, &id, batch_add(e->batch, n, BATCH_UNSTAMPED), n);
	r = batch_send(e->batch, f->socket.fd, 0);
	if (r < 0) {
		read_errors(f); /* of an earlier one, perhaps, which has told enough */
		if (m->told)
			return -ECANCELED;
		r = batch_send(e->batch, f->socket.fd, 0);
	}
	m->seq = track_next(&f->track);
	if (r < 0) {
		track_failed(&f->track, now.mono_ns);
		engine_count_fault(e, -r);
		return r;
	}
	slot = track_sent(&f->track, now.mono_ns, (uint32_t)n);
	slot->clock_ns = now.clock_ns;
	slot->stamp_ns = 0;
	slot->faults = 0;
	e->last_sent_ns = (uint64_t)now.mono_ns;
	return 0;
}

/* Sends what is next; what cannot leave is as good as lost. */
static void go_on(struct engine_flow *f)
{
	struct mtu *m = mtu_of(f);
	struct engine *e = f->engine;
	struct mtu_step step;

	while (e->phase == ENGINE_SENDING) {
		bool fresh;
		int r = 0;

		if (!mtu_steps_next(&m->steps, &step)) {
			engine_stop(e, RESULT_COUNT);
			return;
		}
		fresh = !is_same(&m->step, &step);
		m->step = step;
		m->told = false;
		if (fresh)
			r = renew_socket(f);
		if (r < 0) {
			engine_count_fault(e, -r);
			engine_stop(e, RESULT_FAILED);
			return;
		}
		if (send_packet(f) == 0)
			break;
		if (!m->told)
			mtu_steps_lost(&m->steps);
	}
	loop_set_timer(e->loop, &m->timer, clock_add(e->last_sent_ns, mtu_search_timer_ns(m->rtt_ns)));
	engine_settle(e);
}

static void fire_timer(struct loop_timer *t)
{
	struct mtu *m = container_of(t, struct mtu, timer);

	mtu_steps_lost(&m->steps);
	go_on(m->flow);
}

/* --- what comes back -------------------------------------------------------------------------------------------------- */

static bool is_port_unreachable(const struct errqueue_message *m)
{
	return m->family == AF_INET ? m->type == ICMP_DEST_UNREACH && m->code == ICMP_PORT_UNREACH
				    : m->type == ICMP6_DST_UNREACH && m->code == ICMP6_DST_UNREACH_NOPORT;
}

/* Whether an error is about a packet of this step: where the header is quoted, by its tag. */
static bool is_ours(const struct engine_flow *f, const struct errqueue_message *error)
{
	const struct mtu *m = mtu_of(f);
	const struct payload_octets quoted = { .at = error->quoted, .n = error->quoted_n };
	struct payload_id id;

	if (error->quoted_n < PAYLOAD_HEADER)
		return true;
	return payload_read(&f->engine->payload, payload_bytes(f), &quoted, &id) == PAYLOAD_FOUND &&
	       id.seq >= (uint32_t)m->first && id.seq <= (uint32_t)m->seq;
}

static void take_error(struct engine_flow *f, const struct errqueue_message *error)
{
	struct mtu *m = mtu_of(f);
	struct text router = TEXT_OVER(m->router);

	if (m->told || !is_ours(f, error))
		return;
	if (is_port_unreachable(error)) {
		m->told = true;
		mtu_steps_refused(&m->steps);
	} else if (error->mtu_bytes != 0) {
		m->told = true;
		addr_add_text(&router, &error->from);
		mtu_steps_too_big(&m->steps, error->mtu_bytes);
	}
}

static void read_errors(struct engine_flow *f)
{
	struct errqueue_message error;

	for (unsigned i = 0; i < ROUNDS_MAX && errqueue_read(f->socket.fd, &error, 1); i++) {
		if (error.kind != ERRQUEUE_ICMP)
			continue;
		engine_take_icmp(f->engine, &error);
		take_error(f, &error);
	}
}

/* The packet of this step that a datagram answers; false: none. A small answer is to the last one. */
static bool find_answer(const struct engine_flow *f, const struct batch_datagram *d, struct track_answer *ret)
{
	const struct mtu *m = mtu_of(f);
	const struct payload *payload = &f->engine->payload;
	const struct payload_octets octets = { .at = d->at, .n = d->n };
	struct payload_packet packet = { .n = payload_bytes(f) };

	ret->seq = m->seq;
	if (m->step.to == MTU_CONFIRMER)
		return addr_same(&d->from, &m->confirmer);
	if (!addr_same(&d->from, &f->engine->target.addr))
		return false;
	if (payload_read(payload, packet.n, &octets, &packet.id) != PAYLOAD_FOUND ||
	    pending_find(&f->track.pending, packet.id.seq, &ret->seq) != PENDING_KNOWN || ret->seq < m->first)
		return false;
	ret->content = payload_compare(payload, &packet, &octets, UINT64_MAX).content;
	return true;
}

static void take_datagram(struct engine_flow *f, const struct batch_datagram *d, const struct engine_now *now)
{
	struct mtu *m = mtu_of(f);
	struct track_answer answer = { .bytes = (uint32_t)d->length, .arrived_ns = now->mono_ns };
	struct result_packet p = { .flow = f->index, .bytes = RESULT_KNOWN((int64_t)d->length) };
	const struct pending_slot *slot;

	if (!find_answer(f, d, &answer)) {
		track_count(&f->track, TRACK_UNRELATED, 1);
		return;
	}
	slot = pending_slot(&f->track.pending, answer.seq);
	p.seq = answer.seq;
	if (slot->state != PENDING_ANSWERED) {
		answer.rtt_ns = now->mono_ns - slot->sent_ns;
		p.sent_at = engine_wall(slot->sent_ns, slot->clock_ns);
		p.rtt_ns = RESULT_KNOWN(answer.rtt_ns);
		m->rtt_ns = (uint64_t)answer.rtt_ns;
	}
	if (d->ttl >= 0)
		p.ttl = RESULT_KNOWN(d->ttl);
	engine_take_answer(f, &answer, &p);
	if (m->told)
		return;
	m->told = true;
	mtu_steps_answered(&m->steps, &(struct mtu_answer){
					      .size_bytes = (uint32_t)d->length + mtu_socket_headers_bytes(f->socket.family),
					      .piece_bytes = d->fragment_bytes,
				      });
}

static void receive(struct loop_source *s, uint32_t events)
{
	struct engine_flow *f = container_of(s, struct engine_flow, source);
	struct engine *e = f->engine;
	struct engine_now now;
	unsigned n;

	if (events & EPOLLERR)
		read_errors(f);
	n = batch_receive(e->batch, f->socket.fd);
	now = engine_now();
	for (unsigned i = 0; i < n; i++) {
		struct batch_datagram d;

		batch_datagram(e->batch, i, &d);
		take_datagram(f, &d, &now);
	}
	if (mtu_of(f)->told)
		go_on(f);
}

/* --- the carrier ------------------------------------------------------------------------------------------------------ */

static void name_confirmer(struct mtu *m, const struct engine *e)
{
	struct text t = TEXT_OVER(m->confirmer_name);

	m->confirmer = e->target.addr;
	m->confirmer.port = e->plan->ack_port;
	if (e->plan->ack)
		text_addf(&t, "%s on %u", e->plan->ack->name, e->plan->ack_port);
}

static int open_carrier(struct engine_flow *f, const struct target_source *from, struct text *why)
{
	struct engine *e = f->engine;
	struct mtu *m = mtu_of(f);
	bool v4 = e->target.addr.family == AF_INET;
	int64_t ceiling = ETHERNET_BYTES;
	int r;

	m->flow = f;
	m->from = *from;
	m->timer.fire = fire_timer;
	r = open_socket(f, why);
	if (r < 0)
		return r;
	if (flow_source(&f->socket, &e->target.addr, &e->source, e->interface) < 0)
		e->source.family = AF_UNSPEC;
	f->port = f->socket.port;
	m->interface_bytes = mtu_socket_of_interface(&f->socket, e->interface);
	if (m->interface_bytes.known)
		ceiling = m->interface_bytes.value < IP_MOST_BYTES ? m->interface_bytes.value : IP_MOST_BYTES;
	name_confirmer(m, e);
	mtu_steps_init(&m->steps, v4 ? IPV4_LEAST_BYTES : IPV6_LEAST_BYTES, (uint32_t)ceiling, e->plan->ack != NULL);
	/* Linux fragments what is larger than the MTU of the route, over IPv6 to pieces of the size that is said. */
	m->steps.unsplit_bytes = v4 ? 0 : (uint32_t)ceiling;
	return 0;
}

static int start(struct engine_flow *f)
{
	return loop_add(f->engine->loop, &f->source, EPOLLIN);
}

static void begin(struct engine_flow *f)
{
	go_on(f);
}

static void stop(struct engine_flow *f)
{
	loop_cancel_timer(f->engine->loop, &mtu_of(f)->timer);
}

static bool is_done(const struct engine_flow *f maybe_unused)
{
	return true;
}

static void close_carrier(struct engine_flow *f)
{
	flow_close(&f->socket);
}

const struct engine_carrier engine_mtu = {
	.open = open_carrier,
	.start = start,
	.begin = begin,
	.stop = stop,
	.is_done = is_done,
	.close = close_carrier,
};
