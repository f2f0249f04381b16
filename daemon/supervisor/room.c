/* SPDX-License-Identifier: MIT */
/*
 * Room in a full pool: its longest idle sessions go.
 *
 * Flow: one look at the whole session table finds them; each gets a mark, and the pool's workers are told to look. A worker
 * asks again whether such a session is idle: it may have gone on, or its slot may be another session's by then.
 */
#include "supervisor/room.h"

#include <signal.h>

#include "base/clock.h"
#include "supervisor/orphans.h"

#define MOST 64 /* sessions ended at once */

bool room_is_out(const struct generation *g, uint32_t pool)
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

static const struct listener *listener_of_row(const struct generation *g, uint32_t row)
{
	for (size_t i = 0; i < g->listeners_n; i++)
		if (g->listeners[i].row == row)
			return &g->listeners[i];
	return NULL;
}

/* The longest idle first. */
struct idle {
	struct {
		struct table_slot *slot;
		uint32_t generation;
		uint64_t active_ns;
	} list[MOST];
	uint32_t n, most;
};

static void add(struct idle *found, struct table_slot *slot, const struct table_view *v)
{
	uint32_t at = found->n < found->most ? found->n++ : found->n - 1;

	for (; at > 0 && found->list[at - 1].active_ns > v->active_ns; at--)
		found->list[at] = found->list[at - 1];
	found->list[at].slot = slot;
	found->list[at].generation = v->generation;
	found->list[at].active_ns = v->active_ns;
}

/* Those of the pool that are idle for longer than their listener allows while it is full. */
static void find_idle(const struct generation *g, uint32_t pool, uint64_t now_ns, struct idle *found)
{
	const struct table *t = &g->supervisor->table;
	struct table_view v;

	for (uint32_t i = 0, end = table_scan_end(t); i < end; i++) {
		struct table_slot *slot = table_slot_at(t, i);

		if (!table_look(t, i, &v) || v.pool != g->number * SETTINGS_POOLS_MAX + pool || table_mark_of(slot) ||
		    (found->n == found->most && v.active_ns >= found->list[found->n - 1].active_ns))
			continue;
		const struct listener *l = listener_of_row(g, v.row);
		if (l && l->settings->rules.idle_timeout_busy_ns &&
		    now_ns >= clock_add(v.active_ns, l->settings->rules.idle_timeout_busy_ns))
			add(found, slot, &v);
	}
}

void room_make(struct generation *g, uint32_t pool, uint64_t now_ns)
{
	const struct pool_settings *p = &g->settings->pools[pool];
	uint32_t share = (p->model == POOL_PREFORK ? p->max_workers : p->max_sessions) / 16 + 1;
	struct idle found = { .most = share < MOST ? share : MOST };

	find_idle(g, pool, now_ns, &found);
	for (uint32_t i = 0; i < found.n; i++)
		table_mark(found.list[i].slot, found.list[i].generation, KILL_IDLE);
	for (struct child *c = g->children; found.n && c; c = c->next)
		if (c->pool == pool)
			child_tell(c, WORD_LOOK);
	if (found.n)
		orphans_signal(g, SIGUSR1, KILL_NOT);
}
