/* SPDX-License-Identifier: MIT */
/* The engine's receiving: the error queue, then answers, each given to its packet and measured. */
#include "base/clock.h"
#include "echoprobe/engine_private.h"
#include "echoprobe/manners.h"
#include "echoprobe/probe.h"

#define STEP_NS ((int64_t)CLOCK_MS_NS) /* a wall clock that moved by more between two stamps makes them useless */
#define ROUNDS_MAX 16                  /* batches a turn, so that sending is not held up for ever */

/* --- the error queue ------------------------------------------------------------------------------------------------ */

static void take_stamp(struct engine_flow *f, const struct errqueue_message *m)
{
	const struct pending *pending = &f->track.pending;
	struct pending_slot *slot;
	uint64_t seq;

	if (m->stamp_ns == 0 || !stamps_find(&f->stamps, m->stamp_id, &seq))
		return;
	if (seq < pending_first(pending) || seq >= pending->next)
		return;
	slot = pending_slot(pending, seq);
	if (slot->state == PENDING_ANSWERED || slot->state == PENDING_UNSENT || slot->stamp_ns != 0)
		return;
	slot->stamp_ns = m->stamp_ns;
}

static void take_icmp(struct engine *e, const struct errqueue_message *m)
{
	const struct result_icmp *row = icmp_add(&e->icmp, m);

	if (e->watch && e->watch->icmp)
		e->watch->icmp(e->watch, e, row);
	if (manners_is_prohibition(m->family, m->type, m->code))
		engine_stop(e, RESULT_PROHIBITED);
}

void engine_read_errors(struct engine_flow *f)
{
	struct errqueue_message m;

	for (unsigned i = 0; i < ROUNDS_MAX * BATCH_MAX && errqueue_read(f->socket.fd, &m); i++) {
		if (m.kind == ERRQUEUE_STAMP)
			take_stamp(f, &m);
		else if (m.kind == ERRQUEUE_ICMP)
			take_icmp(f->engine, &m);
	}
}

/* --- answers -------------------------------------------------------------------------------------------------------- */

/* When an answer arrived. */
struct arrival {
	struct engine_now now; /* when it was read */
	int64_t stamp_ns;      /* the kernel's, wall clock; 0: none, or not to be believed */
	int64_t mono_ns;       /* the better of both, CLOCK_MONOTONIC                      */
};

static struct arrival arrival_of(struct engine *e, const struct engine_flow *f, const struct engine_now *now,
				 const struct batch_datagram *d)
{
	struct arrival a = { .now = *now, .mono_ns = now->mono_ns };
	int64_t delay_ns = now->mono_ns + now->clock_ns - d->stamp_ns;

	if (!f->stamps.receiving)
		return a;
	if (d->stamp_ns == 0)
		e->receive_missing++;
	else if (delay_ns < 0 || delay_ns > (int64_t)CLOCK_S_NS)
		e->steps++; /* the clock was set after the kernel had stamped */
	else {
		a.stamp_ns = d->stamp_ns;
		a.mono_ns -= delay_ns;
		e->receive_stamps++;
		histogram_add(&e->receive_delay, delay_ns);
	}
	return a;
}

/* The kernel's stamp of a packet, or of the last one before it that was sent together with it and has one. 0: none. */
static int64_t send_stamp_ns(const struct engine_flow *f, uint64_t seq)
{
	const struct pending *pending = &f->track.pending;
	int64_t sent_ns = pending_slot(pending, seq)->sent_ns;

	for (uint64_t i = 0; i <= f->stamps.every && seq - i >= pending_first(pending); i++) {
		const struct pending_slot *slot = pending_slot(pending, seq - i);

		if (slot->sent_ns != sent_ns)
			break;
		if (slot->stamp_ns != 0)
			return slot->stamp_ns;
		if (seq == i)
			break;
	}
	return 0;
}

/* From the sending to the arrival, by the best pair of stamps that there is. */
static int64_t round_trip_ns(struct engine_flow *f, uint64_t seq, const struct arrival *a)
{
	struct engine *e = f->engine;
	const struct pending_slot *slot = pending_slot(&f->track.pending, seq);
	int64_t moved_ns = a->now.clock_ns - slot->clock_ns;
	int64_t sent_ns = send_stamp_ns(f, seq);

	if (moved_ns > STEP_NS || moved_ns < -STEP_NS) {
		e->steps++;
		return a->now.mono_ns - slot->sent_ns;
	}
	e->send_missing += f->stamps.sending && sent_ns == 0;
	if (sent_ns == 0 || a->stamp_ns == 0)
		return a->mono_ns - slot->sent_ns;
	e->send_stamps++;
	return a->stamp_ns - sent_ns;
}

static enum result_fate fate_of(enum track_verdict verdict, enum tally_content content)
{
	static const enum result_fate by_content[] = {
		[TALLY_INTACT] = RESULT_OK,
		[TALLY_CORRUPTED] = RESULT_CORRUPTED,
		[TALLY_TRUNCATED] = RESULT_TRUNCATED,
		[TALLY_LENGTHENED] = RESULT_LENGTHENED,
	};

	if (verdict == TRACK_DUPLICATE)
		return RESULT_DUPLICATE;
	return content == TALLY_INTACT && verdict == TRACK_LATE ? RESULT_LATE : by_content[content];
}

/* What is said of any packet that arrived. */
static struct result_packet describe(const struct engine_flow *f, const struct batch_datagram *d, uint64_t seq)
{
	struct result_packet p = { .flow = f->index, .seq = seq, .bytes = RESULT_KNOWN((int64_t)d->length) };

	if (d->ttl >= 0)
		p.ttl = RESULT_KNOWN(d->ttl);
	if (d->traffic_class >= 0) {
		p.dscp = RESULT_KNOWN(d->traffic_class >> 2);
		p.ecn = RESULT_KNOWN(d->traffic_class & 3);
	}
	return p;
}

static void take_answer(struct engine_flow *f, const struct batch_datagram *d, const struct arrival *a,
			const struct probe_answer *found)
{
	const struct pending_slot *slot = pending_slot(&f->track.pending, found->seq);
	struct track_answer answer = {
		.seq = found->seq, .content = found->content, .bytes = (uint32_t)d->length, .arrived_ns = a->mono_ns
	};
	struct result_packet p = describe(f, d, found->seq);
	enum track_verdict verdict;
	bool first = slot->state == PENDING_WAITING || slot->state == PENDING_TIMED_OUT;

	p.sent_at = engine_wall(slot->sent_ns, first ? slot->clock_ns : a->now.clock_ns);
	if (first) {
		answer.rtt_ns = round_trip_ns(f, found->seq, a);
		p.rtt_ns = RESULT_KNOWN(answer.rtt_ns);
	}
	verdict = track_answered(&f->track, &answer);
	p.fate = fate_of(verdict, found->content);
	if (d->ttl >= 0)
		f->ttl = d->ttl;
	if (found->seq >= f->track.warmup)
		engine_tell(f->engine, &p);
}

static void take_from_elsewhere(struct engine_flow *f, const struct batch_datagram *d, const struct engine_now *now,
				uint64_t seq)
{
	struct result_packet p = describe(f, d, seq);

	track_count(&f->track, TRACK_OTHER_ADDRESS, 1);
	p.sent_at = engine_wall(pending_slot(&f->track.pending, seq)->sent_ns, now->clock_ns);
	p.fate = RESULT_OTHER_ADDRESS;
	engine_tell(f->engine, &p);
}

static void take_datagram(struct engine_flow *f, const struct batch_datagram *d, const struct engine_now *now)
{
	struct engine *e = f->engine;
	bool is_targets = addr_same(&d->from, &e->target.addr);
	struct arrival a = arrival_of(e, f, now, d);
	struct probe_answer found = { 0 };

	if (d->dropped > f->dropped)
		f->dropped = d->dropped;
	switch (e->plan->probe->read(f, d, &found)) {
	case PROBE_ANSWER:
		if (is_targets)
			take_answer(f, d, &a, &found);
		else
			take_from_elsewhere(f, d, now, found.seq);
		break;
	case PROBE_DAMAGED:
		if (is_targets)
			take_answer(f, d, &a, &found);
		else
			track_count(&f->track, TRACK_UNRELATED, 1);
		break;
	case PROBE_FORGOTTEN:
		track_count(&f->track, TRACK_FORGOTTEN, 1);
		break;
	case PROBE_UNRELATED:
		track_count(&f->track, TRACK_UNRELATED, 1);
		break;
	}
}

void engine_receive(struct engine_flow *f, uint32_t events)
{
	struct engine *e = f->engine;
	unsigned n = BATCH_MAX;

	if (events & EPOLLERR)
		engine_read_errors(f);
	for (unsigned round = 0; round < ROUNDS_MAX && n == BATCH_MAX; round++) {
		struct engine_now now;

		n = batch_receive(e->batch, f->socket.fd);
		now = engine_now();
		for (unsigned i = 0; i < n; i++) {
			struct batch_datagram d;

			batch_datagram(e->batch, i, &d);
			take_datagram(f, &d, &now);
		}
	}
	if (e->phase == ENGINE_WAITING)
		engine_settle(e);
}
