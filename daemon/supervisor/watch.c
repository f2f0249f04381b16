/* SPDX-License-Identifier: MIT */
/* What the supervisor looks at once a second. */
#include "supervisor/watch.h"

#include <inttypes.h>
#include <signal.h>

#include "base/clock.h"
#include "base/log.h"
#include "supervisor/generation.h"
#include "supervisor/notify.h"

#define BEATS_MISSED_NS (15 * CLOCK_S_NS)
#define LATE_NS (1 * CLOCK_S_NS)
#define ROOM_MOST 64               /* sessions ended a second */
#define EXTEND_NS (5 * CLOCK_S_NS) /* a stop that goes on asks for so much more time, every second */
#define SAY_AGAIN_NS (30 * CLOCK_S_NS)

static void kill_stuck(struct child *c, const char *what)
{
	log_say(LOG_LEVEL_WARNING, "stuck", "process %d of pool %s %s: killed", (int)c->pid,
		c->pool == CHILD_RESOLVER ? "resolver" : c->generation->settings->pools[c->pool].name, what);
	kill(c->pid, SIGKILL);
}

/* now_ns: when this look began; a supervisor that was itself stopped judges nobody by the time it missed. */
static void check_lives(struct generation *g, uint64_t now_ns, bool was_stopped)
{
	for (struct child *c = g ? g->children : NULL; c; c = c->next) {
		struct record *r = &g->supervisor->shared->records[c->record];
		uint64_t busy_ns = atomic_load(&r->busy_until_ns);

		if (was_stopped)
			atomic_store(&r->beat_ns, now_ns);
		else if (c->pool == CHILD_RESOLVER && busy_ns && now_ns > busy_ns + LATE_NS)
			kill_stuck(c, "is past its deadline");
		else if (!busy_ns && now_ns > atomic_load(&r->beat_ns) + BEATS_MISSED_NS)
			kill_stuck(c, "shows no sign of life");
	}
}

static const struct listener *listener_of_row(const struct generation *g, uint32_t row)
{
	for (size_t i = 0; i < g->listeners_n; i++)
		if (g->listeners[i].row == row)
			return &g->listeners[i];
	return NULL;
}

static bool pool_is_full(const struct generation *g, uint32_t pool)
{
	const struct pool_settings *p = &g->settings->pools[pool];
	uint32_t n = 0, busy = 0;

	for (const struct child *c = g->children; c; c = c->next) {
		if (c->pool != pool || c->told)
			continue;
		n++;
		busy += atomic_load(&g->supervisor->shared->records[c->record].state) == RECORD_BUSY;
	}
	return n && busy == n && (p->model != POOL_PREFORK || n >= p->max_workers);
}

/* The session that has been idle for longest, of those idle for longer than their listener allows in a full pool. */
static struct table_slot *find_idle(const struct generation *g, uint32_t pool, uint64_t now_ns)
{
	struct table *t = g->supervisor->shared->table;
	struct table_slot *oldest = NULL;
	uint64_t oldest_ns = UINT64_MAX;

	for (uint32_t i = 0; i < table_scan_end(t); i++) {
		struct table_slot *slot = table_slot_at(t, i);
		uint64_t active_ns = atomic_load(&slot->active_ns);
		const struct listener *l;

		if (!atomic_load(&slot->owner) || atomic_load(&slot->kill) || active_ns >= oldest_ns ||
		    slot->pool != g->number * SETTINGS_POOLS_MAX + pool)
			continue;
		l = listener_of_row(g, slot->row);
		if (!l || !l->settings->rules.idle_timeout_busy_ns ||
		    now_ns < active_ns + l->settings->rules.idle_timeout_busy_ns)
			continue;
		oldest = slot;
		oldest_ns = active_ns;
	}
	return oldest;
}

/* In a full pool a sixteenth of the sessions may go a second, the longest idle first; each costs a scan, so there is a
 * limit. */
static void make_room(struct generation *g, uint32_t pool, uint64_t now_ns)
{
	const struct pool_settings *p = &g->settings->pools[pool];
	uint32_t share = (p->model == POOL_PREFORK ? p->max_workers : p->max_sessions) / 16 + 1;
	uint32_t most = share < ROOM_MOST ? share : ROOM_MOST;
	bool marked = false;

	for (uint32_t i = 0; i < most; i++) {
		struct table_slot *slot = find_idle(g, pool, now_ns);
		if (!slot)
			break;
		atomic_store(&slot->kill, KILL_IDLE);
		marked = true;
	}
	for (struct child *c = g->children; marked && c; c = c->next)
		if (c->pool == pool)
			child_tell(c, WORD_LOOK);
}

static void log_refusals_of(struct supervisor *s, uint32_t row, const struct counters *sum, uint64_t now_ns)
{
	for (unsigned i = 0; i < REFUSALS_N; i++) {
		uint64_t n = atomic_load(&sum->refused[i]) - s->labels.said[row][i];
		struct log_line l;

		if (!n || (s->labels.said_ns[row][i] && now_ns < s->labels.said_ns[row][i] + SAY_AGAIN_NS))
			continue;
		s->labels.said[row][i] += n;
		s->labels.said_ns[row][i] = now_ns;
		log_begin(&l, LOG_LEVEL_NOTICE, "refused");
		log_text(&l, "listener", s->labels.names[row]);
		log_text(&l, "reason", refusal_name((enum refusal)i));
		log_number(&l, "count", (int64_t)n);
		log_end(&l);
	}
}

/* What happened since the last look, in a line. */
static void tell_status(struct supervisor *s, const struct counters *all, uint64_t now_ns)
{
	uint64_t sessions = atomic_load(&all->sessions), datagrams = atomic_load(&all->datagrams_answered);
	uint64_t since_ms = s->status_ns ? (now_ns - s->status_ns) / CLOCK_MS_NS : 0;
	char storage[128];
	struct text line = TEXT_OVER(storage);

	if (s->stopping)
		text_add(&line, "stopping: ");
	text_addf(&line, "%" PRIu32 " sessions open", table_count(s->shared->table));
	if (since_ms)
		text_addf(&line, ", %" PRIu64 " begun and %" PRIu64 " datagrams answered a second",
			  (sessions - s->status_sessions) * 1000 / since_ms,
			  (datagrams - s->status_datagrams) * 1000 / since_ms);
	s->status_ns = now_ns;
	s->status_sessions = sessions;
	s->status_datagrams = datagrams;
	notify_status(line.at);
}

/* Adds up the counters of all rows, and logs what was refused. */
static void look_at_counters(struct supervisor *s, uint64_t now_ns)
{
	struct counters all = { 0 }, row;

	for (uint32_t i = 0; i < s->labels.n; i++) {
		shared_sum_row(s->shared, i, &row);
		log_refusals_of(s, i, &row, now_ns);
		counters_sum(&all, &row);
	}
	tell_status(s, &all, now_ns);
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
	for (uint32_t i = 0; s->current && i < s->current->settings->pools_n; i++)
		if (s->current->used[i] && pool_is_full(s->current, i))
			make_room(s->current, i, now_ns);
	look_at_counters(s, now_ns);
	if (s->watchdog_ns)
		notify_alive();
	if (s->stopping)
		notify_extend(EXTEND_NS);
	s->tick_ns = now_ns + step_ns;
}
