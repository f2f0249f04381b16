/* SPDX-License-Identifier: MIT */
/* Housekeeping: the supervisor's work once a second. */
#include "supervisor/housekeeping.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/load_average.h"
#include "base/log.h"
#include "generation/child.h"
#include "generation/generation.h"
#include "generation/log_refusals.h"
#include "generation/lost.h"
#include "generation/log_losses.h"
#include "generation/sd_notify.h"
#include "generation/orphans.h"
#include "generation/eviction.h"
#include "upgrade/takeover.h"

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
		struct record *r = &g->fleet->shared->records[c->record];
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
	uint32_t n = atomic_load(&s->fleet.shared->lookups_waiting);
	bool stands_still = n && n == s->lookups_were;
	const struct generation *lists[] = { s->fleet.current, s->fleet.draining };

	s->lookups_were = n;
	for (size_t i = 0; stands_still && i < array_n(lists); i++)
		for (const struct generation *g = lists[i]; g; g = g->next)
			if (generation_has_questions(g))
				return;
	if (stands_still)
		atomic_compare_exchange_strong(&s->fleet.shared->lookups_waiting, &n, 0);
}

void housekeeping_sockets(struct supervisor *s, bool at_once)
{
	const struct generation *g = s->fleet.current;

	/* While one program gives way to another, or one generation to the next, sockets are theirs. */
	if (!g || g->phase != GENERATION_SERVING || s->fleet.coming || s->fleet.stopping || takeover_mode() != TAKEOVER_NONE)
		return;
	lost_look(&s->fleet, at_once);
	control_mend(&s->control, g->settings, at_once);
}

void housekeeping_tell_status(const struct supervisor *s)
{
	const struct counters *gained = &s->fleet.rates.all_gained;
	char storage[384];
	struct text line = TEXT_OVER(storage);

	if (s->fleet.stopping)
		text_add(&line, "stopping: ");
	text_addf(&line, "%" PRIu32 " sessions open", table_count(&s->fleet.table));
	if (s->fleet.rates.span_ns)
		text_addf(&line, ", %" PRIu64 " begun and %" PRIu64 " datagrams answered a second",
			  counter_rates_per_s(&s->fleet.rates, gained->sessions),
			  counter_rates_per_s(&s->fleet.rates, gained->datagrams_answered));
	if (s->fleet.result.refused && s->fleet.result.number == s->fleet.result.begun) {
		text_add(&line, "; the last reload was refused: ");
		text_add_bytes(&line, s->fleet.result.lines.at, strcspn(s->fleet.result.lines.at, "\n"));
	}
	sd_notify_status(line.at);
}

/* Adds up the counters of all rows, and logs what was refused. */
static void look_at_counters(struct supervisor *s, uint64_t now_ns)
{
	struct counters row;

	counter_rates_begin(&s->fleet.rates, now_ns);
	for (uint32_t i = 0; i < s->fleet.labels.n; i++) {
		shared_sum_row(s->fleet.shared, s->fleet.records.n, i, &row);
		log_refusals(&s->fleet, i, &row, now_ns);
		counter_rates_note(&s->fleet.rates, i, &row);
	}
	housekeeping_tell_status(s);
}

/* Samples the queues of listeners; a row may have several sockets. */
static void sample_backlogs(struct supervisor *s)
{
	uint32_t waiting[TABLE_ROWS_MAX] = { 0 };

	for (size_t i = 0; s->fleet.current && i < s->fleet.current->listeners_n; i++)
		waiting[s->fleet.current->listeners[i].row] += listener_waiting(&s->fleet.current->listeners[i]);
	for (uint32_t row = 0; row < s->fleet.labels.n; row++)
		atomic_store_explicit(&s->fleet.shared->backlog[row], waiting[row], memory_order_relaxed);
}

/* A program that came back and could not read its settings serves on with what it has, and tries again. */
static void want_settings(struct supervisor *s, uint64_t now_ns)
{
	if (!s->fleet.current || s->fleet.current->phase != GENERATION_HANDED_OVER || s->fleet.coming || s->fleet.stopping ||
	    now_ns < s->retry_ns)
		return;
	s->fleet.reload_wanted = true;
	s->retry_ns = now_ns + RETRY_NS;
}

void housekeeping(struct supervisor *s)
{
	uint64_t now_ns = clock_mono_ns();
	uint64_t step_ns = s->watchdog_ns && s->watchdog_ns / 2 < HOUSEKEEPING_NS ? s->watchdog_ns / 2 : HOUSEKEEPING_NS;
	bool was_stopped = s->tick_ns && now_ns > s->tick_ns + 2 * HOUSEKEEPING_NS;
	struct clock_status clock = clock_status_now();

	shared_set_clock(s->fleet.shared, &clock);
	atomic_store_explicit(&s->fleet.shared->load, load_average(), memory_order_relaxed);
	check_lives(s->fleet.current, now_ns, was_stopped);
	for (struct generation *g = s->fleet.draining; g; g = g->next)
		check_lives(g, now_ns, was_stopped);
	if (s->fleet.current && s->fleet.current->phase == GENERATION_SERVING)
		eviction_watch(s->fleet.current, now_ns);
	/* Also what a session child left in doubt: its acceptor has buried it. */
	(void)table_repair(&s->fleet.table);
	mend_lookups(s);
	housekeeping_sockets(s, false);
	want_settings(s, now_ns);
	look_at_counters(s, now_ns);
	sample_backlogs(s);
	log_losses(&s->fleet);
	if (s->watchdog_ns)
		sd_notify_alive();
	if (s->fleet.stopping)
		sd_notify_extend(EXTEND_NS);
	s->tick_ns = now_ns + step_ns;
}
