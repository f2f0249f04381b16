/* SPDX-License-Identifier: MIT */
/* The words of a run as it goes on. */
#include "echoprobe/tell.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "echoprobe/quoted.h"

#define SHOW_NS (CLOCK_S_NS / 4)

/* The text report has a line a packet where it is asked for; others are made of such lines. */
static bool tells_packets(const struct plan *plan)
{
	return plan->report->packet && (plan->report != report_at(0) || plan->words == PLAN_PACKETS);
}

static void tell_packet(struct engine_watch *watch, const struct engine *e, const struct result_packet *packet)
{
	struct tell *t = container_of(watch, struct tell, watch);
	struct result_packet told = *packet;

	if (told.fate == RESULT_LOST && t->result.total.answers == RESULT_SILENT)
		told.fate = RESULT_NOT_KNOWN;
	if (told.rtt_ns.known)
		t->answered_ns = e->loop->now_ns;
	live_packet(&t->live, &told);
	if (tells_packets(e->plan))
		e->plan->report->packet(&t->result, &told, stdout);
}

static void tell_icmp(struct engine_watch *watch, const struct engine *e, const struct result_icmp *error,
		      const struct errqueue_message *m)
{
	const struct tell *t = container_of(watch, struct tell, watch);
	struct result_icmp told = *error;
	uint32_t flow;
	uint64_t seq;

	if (!e->plan->report->icmp)
		return;
	if (quoted_packet(e, m, &flow, &seq)) {
		told.flow = RESULT_KNOWN(flow);
		told.seq = RESULT_KNOWN((int64_t)seq);
	}
	e->plan->report->icmp(&t->result, &told, stdout);
}

void tell_refresh(struct tell *t)
{
	engine_result(t->engine, &t->result);
	if (t->answered_ns != 0)
		t->result.silent_ns = RESULT_KNOWN((int64_t)(clock_mono_ns() - t->answered_ns));
}

/* --- the live line -------------------------------------------------------------------------------------------------- */

/* Over the one before, which may have been longer. */
static void show_line(struct tell *t, const char *line, size_t n)
{
	fprintf(stderr, "\r%-*s\r%s", (int)t->shown_n, "", line);
	fflush(stderr);
	t->shown_n = n;
}

static void show(struct loop_timer *timer)
{
	struct tell *t = container_of(timer, struct tell, show);
	char storage[TELL_LINE_BYTES];
	struct text line = TEXT_OVER(storage);

	engine_result(t->engine, &t->result);
	live_line(&t->live, &t->result, &line);
	show_line(t, line.at, line.len);
	loop_set_timer(t->engine->loop, &t->show, t->engine->loop->now_ns + SHOW_NS);
}

enum tell_live tell_wants_live(const struct plan *plan)
{
	return isatty(STDERR_FILENO) && plan->report == report_at(0) && plan->words == PLAN_LIVE ? TELL_LIVE : TELL_NO_LIVE;
}

/* --- intervals ------------------------------------------------------------------------------------------------------ */

static void tell_interval(struct tell *t)
{
	struct result_scope interval;

	engine_result(t->engine, &t->result);
	engine_take_interval(t->engine, &interval);
	if (t->shown_n > 0)
		show_line(t, "", 0);
	t->engine->plan->report->interval(&t->result, &interval, stdout);
	engine_begin_interval(t->engine);
}

static void fire_every(struct loop_timer *timer)
{
	struct tell *t = container_of(timer, struct tell, every);

	tell_interval(t);
	loop_set_timer(t->engine->loop, timer, timer->at_ns + t->engine->plan->every_ns);
}

/* --- beginning and end ---------------------------------------------------------------------------------------------- */

void tell_start(struct tell *t, struct engine *e, struct loop *loop, enum tell_live live)
{
	const struct plan *plan = e->plan;
	uint64_t now_ns = clock_mono_ns();

	t->engine = e;
	t->watch = (struct engine_watch){ .packet = tell_packet, .icmp = tell_icmp };
	t->every.fire = fire_every;
	t->show.fire = show;
	engine_result(e, &t->result);
	if (plan->report->start)
		plan->report->start(&t->result, stdout);
	if (plan->every_ns != 0) {
		engine_begin_interval(e);
		loop_set_timer(loop, &t->every, clock_add(now_ns, plan->every_ns));
	}
	if (live == TELL_LIVE)
		loop_set_timer(loop, &t->show, now_ns + SHOW_NS);
}

void tell_end(struct tell *t)
{
	struct loop *loop = t->engine->loop;

	if (t->every.place != 0)
		tell_interval(t); /* what there is of the last one */
	loop_cancel_timer(loop, &t->every);
	loop_cancel_timer(loop, &t->show);
	if (t->shown_n > 0)
		show_line(t, "", 0);
	engine_result(t->engine, &t->result);
}
