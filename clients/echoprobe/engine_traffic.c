/* SPDX-License-Identifier: MIT */
/* The engine's traffic: what is due leaves on every flow, and what came back is counted and told. */
#include "base/clock.h"
#include "echoprobe/engine_private.h"
#include "echoprobe/manners.h"
#include "echoprobe/probe.h"

#define TURN_NS 50000 /* between two wake-ups to send, at least, where packets are due more often */

void engine_count_fault(struct engine *e, int error)
{
	size_t i = 0;

	while (i < ENGINE_FAULTS - 1 && e->faults[i].error != 0 && e->faults[i].error != error)
		i++;
	if (e->faults[i].error == 0)
		e->faults[i].error = error;
	e->faults[i].n++;
}

void engine_count_late(struct engine_flow *f, uint64_t seq, int64_t late_ns)
{
	if (seq >= f->track.warmup)
		histogram_add(&f->engine->lateness, late_ns);
}

/* The number of packets that each flow has still to be sent. */
static uint64_t left(const struct engine *e)
{
	return e->planned - track_next(&e->flows[0].track);
}

/* Puts off what is due, once, where the test knows a better time. */
static bool put_off(struct engine *e)
{
	const struct probe_exchange *exchange = e->plan->probe->exchange;
	uint64_t due_ns = schedule_due_ns(&e->schedule), best_ns = due_ns;

	if (exchange && exchange->place && !e->placed)
		best_ns = exchange->place(e, due_ns);
	e->placed = best_ns > due_ns && best_ns - due_ns < e->plan->interval_ns;
	if (!e->placed)
		return false;
	e->schedule.due_ns = best_ns;
	loop_set_timer(e->loop, &e->send, best_ns);
	return true;
}

bool engine_is_fast(const struct engine *e)
{
	return e->plan->interval_ns < TURN_NS;
}

static uint64_t next_turn_ns(const struct engine *e, uint64_t now_ns)
{
	uint64_t due_ns = schedule_due_ns(&e->schedule), soonest_ns = now_ns + TURN_NS;

	return engine_is_fast(e) && due_ns < soonest_ns ? soonest_ns : due_ns;
}

void engine_send_due(struct engine *e)
{
	uint64_t now_ns = clock_mono_ns(), skipped;
	struct engine_turn turn = { .n = 0 };

	if (put_off(e))
		return;
	skipped = schedule_skip(&e->schedule, now_ns);
	while (turn.n < BATCH_MAX && turn.n < left(e) && schedule_due_ns(&e->schedule) <= now_ns) {
		turn.due_ns[turn.n++] = schedule_due_ns(&e->schedule);
		schedule_advance(&e->schedule);
	}
	for (size_t i = 0; i < e->flows_n; i++) {
		track_count(&e->flows[i].track, TRACK_SKIPPED, skipped);
		if (turn.n > 0)
			e->carrier->send(&e->flows[i], &turn);
	}
	if (left(e) == 0)
		engine_stop(e, RESULT_COUNT);
	if (e->phase != ENGINE_SENDING)
		return;
	loop_set_timer(e->loop, &e->send, next_turn_ns(e, now_ns));
	if (e->expiry.place == 0)
		engine_settle(e);
}

void engine_take_icmp(struct engine *e, const struct errqueue_message *m)
{
	const struct result_icmp *row = icmp_add(&e->icmp, m);

	if (e->watch && e->watch->icmp)
		e->watch->icmp(e->watch, e, row, m);
	if (manners_is_prohibition(m->family, m->type, m->code))
		engine_stop(e, RESULT_PROHIBITED);
}

void engine_take_errors(struct engine *e, int fd)
{
	struct errqueue_message m;

	while (errqueue_read(fd, &m, 1))
		if (m.kind == ERRQUEUE_ICMP)
			engine_take_icmp(e, &m);
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

void engine_tell(struct engine *e, const struct result_packet *packet)
{
	if (e->watch && e->watch->packet)
		e->watch->packet(e->watch, e, packet);
}

void engine_take_answer(struct engine_flow *f, const struct track_answer *answer, struct result_packet *p)
{
	enum track_verdict verdict = track_answered(&f->track, answer);

	p->fate = fate_of(verdict, answer->content);
	if (answer->seq >= f->track.warmup)
		engine_tell(f->engine, p);
}
