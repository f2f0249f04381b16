/* SPDX-License-Identifier: MIT */
/* Packets that travel as datagrams: sent many at a time, stamped by the kernel, each answer given to its packet. */
#include "echoprobe/engine_datagrams.h"

#include "base/clock.h"
#include "echoprobe/engine_private.h"
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

static void read_errors(struct engine_flow *f)
{
	struct errqueue_message messages[ERRQUEUE_MANY];
	size_t n = ERRQUEUE_MANY;

	for (unsigned i = 0; i < ROUNDS_MAX * BATCH_MAX / ERRQUEUE_MANY && n == ERRQUEUE_MANY; i++) {
		n = errqueue_read(f->socket.fd, messages, ERRQUEUE_MANY);
		for (size_t m = 0; m < n; m++) {
			if (messages[m].kind == ERRQUEUE_STAMP)
				take_stamp(f, &messages[m]);
			else if (messages[m].kind == ERRQUEUE_ICMP)
				engine_take_icmp(f->engine, &messages[m]);
		}
	}
}

/* --- answers -------------------------------------------------------------------------------------------------------- */

/* The time when an answer arrived. */
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

/* The marks of any packet that arrived. */
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

/* Tests that keep something of a flow look at all of its answers. */
static void observe(struct engine_flow *f, const struct batch_datagram *d, const struct arrival *a, struct result_packet *p)
{
	const struct probe_session *session = f->engine->plan->probe->session;
	const struct pending_slot *slot = pending_slot(&f->track.pending, p->seq);
	struct probe_arrival arrival = {
		.datagram = d, .sent_ns = slot->sent_ns, .arrived_ns = a->mono_ns, .clock_ns = a->now.clock_ns
	};

	if (!session || !session->observe || slot->state == PENDING_UNSENT)
		return;
	arrival.is_first = slot->state != PENDING_ANSWERED;
	if (arrival.is_first && send_stamp_ns(f, p->seq) != 0)
		arrival.sent_ns = send_stamp_ns(f, p->seq) - slot->clock_ns;
	session->observe(f, &arrival, p);
}

static void take_answer(struct engine_flow *f, const struct batch_datagram *d, const struct arrival *a,
			const struct probe_answer *found)
{
	const struct pending_slot *slot = pending_slot(&f->track.pending, found->seq);
	struct track_answer answer = {
		.seq = found->seq, .content = found->content, .bytes = (uint32_t)d->length, .arrived_ns = a->mono_ns
	};
	struct result_packet p = describe(f, d, found->seq);
	bool first = slot->state == PENDING_WAITING || slot->state == PENDING_TIMED_OUT;

	p.sent_at = engine_wall(slot->sent_ns, first ? slot->clock_ns : a->now.clock_ns);
	observe(f, d, a, &p);
	if (first) {
		answer.rtt_ns = round_trip_ns(f, found->seq, a);
		if (p.remote_ns.known && p.remote_ns.value <= answer.rtt_ns)
			answer.rtt_ns -= p.remote_ns.value;
		p.rtt_ns = RESULT_KNOWN(answer.rtt_ns);
	}
	if (d->ttl >= 0)
		f->ttl = d->ttl;
	engine_take_answer(f, &answer, &p);
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

/* Tests whose answers say something of themselves look at it. */
static void note_answer(struct engine_flow *f, const struct batch_datagram *d, const struct arrival *a, uint64_t seq)
{
	const struct probe_exchange *exchange = f->engine->plan->probe->exchange;
	const struct pending_slot *slot = pending_slot(&f->track.pending, seq);
	const struct probe_heard heard = { .at = d->at, .n = d->n, .ended = true };

	if (exchange && exchange->note && slot->state == PENDING_WAITING)
		exchange->note(f->engine, &heard, slot->sent_ns + slot->clock_ns, a->mono_ns + a->now.clock_ns);
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
		if (is_targets) {
			note_answer(f, d, &a, found.seq);
			take_answer(f, d, &a, &found);
		} else
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

static void read_answers(struct engine_flow *f)
{
	struct engine *e = f->engine;
	unsigned n = BATCH_MAX;

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
}

static void socket_ready(struct loop_source *s, uint32_t events)
{
	struct engine_flow *f = container_of(s, struct engine_flow, source);

	if (events & EPOLLERR)
		read_errors(f);
	read_answers(f);
	if (f->engine->phase == ENGINE_WAITING)
		engine_settle(f->engine);
}

/* Where many packets leave at a time, their answers are read when the next ones leave, not at a wake-up of their own: the
 * kernel has stamped them. The socket's next event is then its last until they are waited for. */
static bool reads_at_turns(const struct engine_flow *f)
{
	return f->stamps.receiving && engine_is_fast(f->engine);
}

static void begin(struct engine_flow *f)
{
	if (reads_at_turns(f))
		(void)!loop_change(f->engine->loop, &f->source, EPOLLIN | EPOLLONESHOT);
}

static void stop(struct engine_flow *f)
{
	if (reads_at_turns(f))
		(void)!loop_change(f->engine->loop, &f->source, EPOLLIN);
}

/* --- sending -------------------------------------------------------------------------------------------------------- */

static void fill_batch(struct engine_flow *f, unsigned n)
{
	struct engine *e = f->engine;
	uint64_t first = track_next(&f->track);

	batch_begin(e->batch, f->socket.family, &e->target.addr);
	for (unsigned i = 0; i < n; i++) {
		bool stamped = stamps_wanted(&f->stamps, i);
		uint8_t *to = batch_add(e->batch, e->size_bytes, stamped ? BATCH_STAMPED : BATCH_UNSTAMPED);

		e->plan->probe->build(e, &(struct payload_id){ .seq = (uint32_t)(first + i), .flow = f->index }, to);
		if (e->plan->expects)
			e->asked_for[i] = (uint8_t)impairment_by_content(&e->plan->expect, to, e->size_bytes).hits;
	}
}

static void count_sent(struct engine_flow *f, const struct engine_now *now, const struct engine_turn *turn, unsigned place)
{
	uint64_t seq = track_next(&f->track);
	struct pending_slot *slot = track_sent(&f->track, now->mono_ns, f->engine->size_bytes);

	slot->clock_ns = now->clock_ns;
	slot->stamp_ns = 0;
	slot->faults = f->engine->asked_for[place];
	f->engine->last_sent_ns = (uint64_t)now->mono_ns;
	if (stamps_wanted(&f->stamps, place))
		stamps_sent(&f->stamps, seq);
	engine_count_late(f, seq, now->mono_ns - (int64_t)turn->due_ns[place]);
}

/* Sends the batch from `first` on. An ICMP error that came before is told to whoever sends next, and that packet has not
 * left: when the queue is read the error is gone, and the second attempt says the truth. How many were sent, or -errno. */
static int send_some(struct engine_flow *f, unsigned first)
{
	int r = batch_send(f->engine->batch, f->socket.fd, first);

	if (r > 0)
		return r;
	read_errors(f);
	stamps_restart(&f->stamps);
	r = batch_send(f->engine->batch, f->socket.fd, first);
	if (r < 0)
		stamps_restart(&f->stamps);
	return r;
}

static void send_turn(struct engine_flow *f, const struct engine_turn *turn)
{
	if (reads_at_turns(f)) {
		read_errors(f);
		read_answers(f);
		if (f->engine->phase != ENGINE_SENDING) /* it was prohibited */
			return;
	}
	fill_batch(f, turn->n);
	for (unsigned done = 0; done < turn->n;) {
		struct engine_now now = engine_now();
		int r = send_some(f, done);

		if (r < 0) {
			track_failed(&f->track, now.mono_ns);
			engine_count_fault(f->engine, -r);
			done++;
		}
		for (int i = 0; i < r; i++)
			count_sent(f, &now, turn, done++);
	}
}

/* --- the carrier ---------------------------------------------------------------------------------------------------- */

static int open_socket(struct engine_flow *f, const struct target_source *from, struct text *why)
{
	struct engine *e = f->engine;
	const struct flow_ends ends = { .plan = e->plan, .target = &e->target.addr, .from = from, .index = f->index };
	int r = flow_open(&f->socket, &ends, why);

	if (r < 0)
		return r;
	f->port = f->socket.port;
	stamps_open(&f->stamps, f->socket.fd, e->plan->stamps, e->plan->interval_ns / e->plan->burst);
	if (f->index == 0 && flow_source(&f->socket, &e->target.addr, &e->source, e->interface) < 0)
		e->source.family = AF_UNSPEC;
	return 0;
}

static int start(struct engine_flow *f)
{
	f->source = (struct loop_source){ .fd = f->socket.fd, .ready = socket_ready };
	return loop_add(f->engine->loop, &f->source, EPOLLIN);
}

static void close_socket(struct engine_flow *f)
{
	flow_close(&f->socket);
}

const struct engine_carrier engine_datagrams = {
	.open = open_socket,
	.start = start,
	.send = send_turn,
	.begin = begin,
	.stop = stop,
	.close = close_socket,
};
