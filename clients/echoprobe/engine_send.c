/* SPDX-License-Identifier: MIT */
/* The engine's sending: what is due leaves, on every flow, and what could not leave is counted by its reason. */
#include <errno.h>

#include "base/clock.h"
#include "echoprobe/engine_private.h"
#include "echoprobe/probe.h"

static void count_fault(struct engine *e, int error)
{
	size_t i = 0;

	while (i < ENGINE_FAULTS - 1 && e->faults[i].error != 0 && e->faults[i].error != error)
		i++;
	if (e->faults[i].error == 0)
		e->faults[i].error = error;
	e->faults[i].n++;
}

/* What a flow is about to send: packets in a row, due at these times. */
struct turn {
	uint64_t due_ns[BATCH_MAX];
	unsigned n;
};

static void fill_batch(struct engine_flow *f, unsigned n)
{
	struct engine *e = f->engine;
	uint64_t first = track_next(&f->track);

	batch_begin(e->batch, f->socket.family, &e->target.addr);
	for (unsigned i = 0; i < n; i++) {
		bool stamped = stamps_wanted(&f->stamps, first + i, i);
		uint8_t *to = batch_add(e->batch, e->plan->size_bytes, stamped ? BATCH_STAMPED : BATCH_UNSTAMPED);

		e->plan->probe->build(e, &(struct payload_id){ .seq = (uint32_t)(first + i), .flow = f->index }, to);
	}
}

static void count_sent(struct engine_flow *f, const struct engine_now *now, const struct turn *turn, unsigned place)
{
	uint64_t seq = track_next(&f->track);
	struct pending_slot *slot = track_sent(&f->track, now->mono_ns, f->engine->plan->size_bytes);

	slot->clock_ns = now->clock_ns;
	slot->stamp_ns = 0;
	f->engine->last_sent_ns = (uint64_t)now->mono_ns;
	if (stamps_wanted(&f->stamps, seq, place))
		stamps_sent(&f->stamps, seq);
	if (seq >= f->track.warmup)
		histogram_add(&f->engine->lateness, now->mono_ns - (int64_t)turn->due_ns[place]);
}

/* Sends the batch from `first` on. An ICMP error that came before is told to whoever sends next, and that packet has not
 * left: when the queue is read the error is gone, and the second attempt says the truth. How many were sent, or -errno. */
static int send_some(struct engine_flow *f, unsigned first)
{
	int r = batch_send(f->engine->batch, f->socket.fd, first);

	if (r > 0)
		return r;
	engine_read_errors(f);
	stamps_restart(&f->stamps);
	r = batch_send(f->engine->batch, f->socket.fd, first);
	if (r < 0)
		stamps_restart(&f->stamps);
	return r;
}

static void send_turn(struct engine_flow *f, const struct turn *turn)
{
	fill_batch(f, turn->n);
	for (unsigned done = 0; done < turn->n;) {
		struct engine_now now = engine_now();
		int r = send_some(f, done);

		if (r < 0) {
			track_failed(&f->track, now.mono_ns);
			count_fault(f->engine, -r);
			done++;
		}
		for (int i = 0; i < r; i++)
			count_sent(f, &now, turn, done++);
	}
}

/* How many packets each flow has still to be sent. */
static uint64_t left(const struct engine *e)
{
	return e->planned - track_next(&e->flows[0].track);
}

void engine_send_due(struct engine *e)
{
	uint64_t now_ns = clock_mono_ns();
	uint64_t skipped = schedule_skip(&e->schedule, now_ns);
	struct turn turn = { .n = 0 };

	while (turn.n < BATCH_MAX && turn.n < left(e) && schedule_due_ns(&e->schedule) <= now_ns) {
		turn.due_ns[turn.n++] = schedule_due_ns(&e->schedule);
		schedule_advance(&e->schedule);
	}
	for (size_t i = 0; i < e->flows_n; i++) {
		track_count(&e->flows[i].track, TRACK_SKIPPED, skipped);
		if (turn.n > 0)
			send_turn(&e->flows[i], &turn);
	}
	if (left(e) == 0)
		engine_stop(e, RESULT_COUNT);
	if (e->phase != ENGINE_SENDING)
		return;
	loop_set_timer(e->loop, &e->send, schedule_due_ns(&e->schedule));
	if (e->expiry.place == 0)
		engine_settle(e);
}
