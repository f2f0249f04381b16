/* SPDX-License-Identifier: MIT */
/* What the supervisor looks at once a second. */
#include "supervisor/watch.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "supervisor/generation.h"
#include "supervisor/losses.h"
#include "supervisor/notify.h"
#include "supervisor/orphans.h"
#include "supervisor/room.h"

#define RETRY_NS (30 * CLOCK_S_NS)
#define LATE_NS (1 * CLOCK_S_NS)
#define EXTEND_NS (5 * CLOCK_S_NS) /* a stop that goes on asks for so much more time, every second */

static void kill_stuck(struct child *c, const char *what)
{
	log_say(LOG_LEVEL_WARNING, "stuck", "process %d of pool %s %s: killed", (int)c->pid, child_pool_name(c), what);
	c->stuck = true;
	kill(c->pid, SIGKILL);
}

/* now_ns: when this look began; a supervisor that was itself stopped judges nobody by the time it missed. */
static void check_lives(struct generation *g, uint64_t now_ns, bool was_stopped)
{
	if (g)
		orphans_check_lives(g, now_ns, was_stopped);
	for (struct child *c = g ? g->children : NULL; c; c = c->next) {
		if (c->strange)
			continue;
		struct record *r = &g->supervisor->shared->records[c->record];
		uint64_t busy_ns = atomic_load(&r->busy_until_ns);

		if (was_stopped)
			atomic_store(&r->beat_ns, now_ns);
		else if (c->pool == CHILD_RESOLVER && busy_ns && now_ns > clock_add(busy_ns, LATE_NS))
			kill_stuck(c, "is past its deadline");
		else if (!busy_ns && !worker_beat_is_recent(atomic_load(&r->beat_ns), now_ns))
			kill_stuck(c, "shows no sign of life");
	}
}

/* The count of questions that wait comes to be too high when a process dies between counting one and sending it, and when a
 * generation goes with its queue. So a count that stands still while no queue holds a question is wrong. */
static void mend_lookups(struct supervisor *s)
{
	uint32_t n = atomic_load(&s->shared->lookups_waiting);
	bool stands_still = n && n == s->lookups_were;
	const struct generation *lists[] = { s->current, s->draining };

	s->lookups_were = n;
	for (size_t i = 0; stands_still && i < array_n(lists); i++)
		for (const struct generation *g = lists[i]; g; g = g->next)
			if (generation_has_questions(g))
				return;
	if (stands_still)
		atomic_compare_exchange_strong(&s->shared->lookups_waiting, &n, 0);
}

/* A line an incident. n: what was refused since the last one; 0: none is due. */
static void log_refusals(uint64_t n, const char *listener, const char *event, enum refusal why)
{
	struct log_line l;

	if (!n)
		return;
	log_begin(&l, LOG_LEVEL_NOTICE, event);
	log_text(&l, "listener", listener);
	log_text(&l, "reason", refusal_name(why));
	log_number(&l, "count", (int64_t)n);
	log_end(&l);
}

static void log_refusals_of(struct supervisor *s, uint32_t row, const struct counters *sum, uint64_t now_ns)
{
	struct labels_said(*said)[REFUSALS_N] = s->labels.said[row];
	const char *name = s->labels.names[row];

	for (unsigned i = 0; i < REFUSALS_N; i++) {
		uint64_t refused_n = labels_say(&said[0][i], atomic_load(&sum->refused[i]), now_ns);
		uint64_t lifted_n = labels_say(&said[1][i], atomic_load(&sum->dry_run[i]), now_ns);

		log_refusals(refused_n, name, "refused", (enum refusal)i);
		log_refusals(lifted_n, name, "dry_run", (enum refusal)i);
	}
}

void watch_tell_status(const struct supervisor *s)
{
	const struct counters *gained = &s->rates.all_gained;
	char storage[384];
	struct text line = TEXT_OVER(storage);

	if (s->stopping)
		text_add(&line, "stopping: ");
	text_addf(&line, "%" PRIu32 " sessions open", table_count(&s->table));
	if (s->rates.span_ns)
		text_addf(&line, ", %" PRIu64 " begun and %" PRIu64 " datagrams answered a second",
			  rates_per_s(&s->rates, gained->sessions), rates_per_s(&s->rates, gained->datagrams_answered));
	if (s->outcome.refused && s->outcome.number == s->outcome.begun) {
		text_add(&line, "; the last reload was refused: ");
		text_add_bytes(&line, s->outcome.lines.at, strcspn(s->outcome.lines.at, "\n"));
	}
	notify_status(line.at);
}

/* Adds up the counters of all rows, and logs what was refused. */
static void look_at_counters(struct supervisor *s, uint64_t now_ns)
{
	struct counters row;

	rates_begin(&s->rates, now_ns);
	for (uint32_t i = 0; i < s->labels.n; i++) {
		shared_sum_row(s->shared, s->records.n, i, &row);
		log_refusals_of(s, i, &row, now_ns);
		rates_note(&s->rates, i, &row);
	}
	watch_tell_status(s);
}

/* What waits in the queues, by listener; a row may have several sockets. */
static void sample_backlogs(struct supervisor *s)
{
	uint32_t waiting[TABLE_ROWS_MAX] = { 0 };

	for (size_t i = 0; s->current && i < s->current->listeners_n; i++)
		waiting[s->current->listeners[i].row] += listener_waiting(&s->current->listeners[i]);
	for (uint32_t row = 0; row < s->labels.n; row++)
		atomic_store_explicit(&s->shared->backlog[row], waiting[row], memory_order_relaxed);
}

/* A program that came back and could not read its settings serves on with what it has, and tries again. */
static void want_settings(struct supervisor *s, uint64_t now_ns)
{
	if (!s->current || s->current->settings || s->coming || s->stopping || now_ns < s->retry_ns)
		return;
	s->reload_wanted = true;
	s->retry_ns = now_ns + RETRY_NS;
}

void watch(struct supervisor *s)
{
	uint64_t now_ns = clock_mono_ns();
	uint64_t step_ns = s->watchdog_ns && s->watchdog_ns / 2 < WATCH_NS ? s->watchdog_ns / 2 : WATCH_NS;
	bool was_stopped = s->tick_ns && now_ns > s->tick_ns + 2 * WATCH_NS;
	struct clock_status clock = clock_status_now();

	shared_set_clock(s->shared, &clock);
	check_lives(s->current, now_ns, was_stopped);
	for (struct generation *g = s->draining; g; g = g->next)
		check_lives(g, now_ns, was_stopped);
	if (s->current && s->current->settings)
		room_watch(s->current, now_ns);
	/* Also what a session child left in doubt: its acceptor has buried it. */
	(void)table_repair(&s->table);
	mend_lookups(s);
	lost_look(s, false);
	want_settings(s, now_ns);
	look_at_counters(s, now_ns);
	sample_backlogs(s);
	losses_tell(s);
	if (s->watchdog_ns)
		notify_alive();
	if (s->stopping)
		notify_extend(EXTEND_NS);
	s->tick_ns = now_ns + step_ns;
}

void watch_forget(struct supervisor *s, uint32_t row)
{
	struct counters sum;

	if (row >= s->labels.n)
		return; /* nobody's yet */
	shared_sum_row(s->shared, s->records.n, row, &sum);
	log_refusals_of(s, row, &sum, CLOCK_NEVER);
	rates_forget(&s->rates, row);
	shared_forget_row(s->shared, s->records.n, row);
}

void watch_end(struct supervisor *s)
{
	struct counters row;

	for (uint32_t i = 0; i < s->labels.n; i++) {
		shared_sum_row(s->shared, s->records.n, i, &row);
		log_refusals_of(s, i, &row, CLOCK_NEVER);
	}
	losses_tell(s);
}
