/* SPDX-License-Identifier: MIT */
/*
 * Room in a full pool.
 *
 * Flow: one look at the whole session table finds who goes; each gets a mark, and its worker is told to look. A worker asks
 * again whether a session is idle that was marked for that: it may have gone on. No mark ever meets the slot's next session.
 */
#include "generation/eviction.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/siphash.h"
#include "generation/orphans.h"
#include "generation/pool.h"
#include "generation/child.h"

#define STEP_NS (50 * CLOCK_MS_NS) /* between two looks at a full pool */
#define REST 10                    /* times as long as a look took is rested after it, if that is longer */
#define GUESS_MOST 4096
#define MOST_IDLE 64 /* idle sessions ended at once */

/* True: every process of the pool is full, and no more will be started for now. */
static bool is_out(const struct generation *g, uint32_t pool)
{
	const struct pool_settings *p = &g->settings->pools[pool];
	struct pool_count n = pool_count(g, pool);

	return n.busy && !n.starting && !n.idle &&
	       (p->model != POOL_PREFORK || n.busy >= p->max_workers ||
		clock_mono_ns() < g->pools[pool].failures.not_before_ns);
}

static uint32_t places(const struct pool_settings *p)
{
	return p->model == POOL_PREFORK ? p->max_workers : p->max_sessions;
}

/* ---- marks ---- */

static void tell_to_look(const struct generation *g, uint32_t pool, uint32_t owner)
{
	for (struct child *c = g->children; c; c = c->next)
		if (c->pool == pool && (!owner || (uint32_t)c->pid == owner))
			child_tell(c, CHANNEL_LOOK);
}

/* A worker of prefork has one session, and need not look for those of all the others. */
static void mark(const struct generation *g, uint32_t pool, uint64_t tag, enum kill_mark why)
{
	struct table_slot *slot = table_slot_at(&g->fleet->table, (uint32_t)(tag >> 32));

	table_mark(slot, (uint32_t)tag, why);
	if (g->settings->pools[pool].model == POOL_PREFORK)
		tell_to_look(g, pool, atomic_load(&slot->owner));
}

static void tell_of_marks(struct generation *g, uint32_t pool, size_t n)
{
	if (n && g->settings->pools[pool].model != POOL_PREFORK)
		tell_to_look(g, pool, 0);
	if (n)
		orphans_signal(g, SIGUSR1, KILL_NOT);
}

static uint64_t tag_of(uint32_t index, const struct table_view *v)
{
	return (uint64_t)index << 32 | v->generation;
}

/* The session in a slot, if it is one of the pool's that goes on. */
static bool see(const struct generation *g, uint32_t pool, uint32_t index, struct table_view *ret)
{
	const struct table *t = &g->fleet->table;

	return table_look(t, index, ret) && ret->pool == shared_pool_pack(g->number, pool) &&
	       !table_mark_of(table_slot_at(t, index));
}

/* ---- idle sessions ---- */

static uint64_t idle_limit(const struct generation *g, uint32_t row)
{
	for (size_t i = 0; i < g->listeners_n; i++)
		if (g->listeners[i].row == row)
			return g->listeners[i].settings->rules.idle_timeout_busy_ns;
	return 0;
}

/* The longest idle first. */
struct idle {
	struct {
		uint64_t tag, active_ns;
	} list[MOST_IDLE];
	uint32_t n, most;
};

static void add_idle(struct idle *found, uint64_t tag, uint64_t active_ns)
{
	uint32_t at = found->n < found->most ? found->n++ : found->n - 1;

	for (; at > 0 && found->list[at - 1].active_ns > active_ns; at--)
		found->list[at] = found->list[at - 1];
	found->list[at].tag = tag;
	found->list[at].active_ns = active_ns;
}

void eviction_end_idle(struct generation *g, uint32_t pool, uint64_t now_ns)
{
	uint32_t share = places(&g->settings->pools[pool]) / 16 + 1;
	struct idle found = { .most = share < MOST_IDLE ? share : MOST_IDLE };
	struct table_view v;

	for (uint32_t i = 0, end = table_scan_end(&g->fleet->table); i < end; i++) {
		if (!see(g, pool, i, &v) || (found.n == found.most && v.active_ns >= found.list[found.n - 1].active_ns))
			continue;
		uint64_t limit_ns = idle_limit(g, v.row);
		if (limit_ns && now_ns >= clock_add(v.active_ns, limit_ns))
			add_idle(&found, tag_of(i, &v), v.active_ns);
	}
	for (uint32_t i = 0; i < found.n; i++)
		mark(g, pool, found.list[i].tag, KILL_IDLE);
	tell_of_marks(g, pool, found.n);
}

/* ---- sessions that go for others ---- */

/* A UNIX socket does not say how many wait, only whether any do: the guess doubles with each round of places they took. */
static uint32_t count_waiting(struct generation *g, uint32_t pool)
{
	uint32_t n = 0;

	for (size_t i = 0; i < g->listeners_n; i++) {
		const struct listener *l = &g->listeners[i];
		struct pollfd p = { .fd = l->fd, .events = POLLIN };

		if (l->pool != pool || !(l->transport & TRANSPORT_SESSIONS))
			continue;
		if (l->transport == TRANSPORT_TCP)
			n += listener_waiting(l);
		else if (poll(&p, 1, 0) == 1 && p.revents & POLLIN)
			n += g->pools[pool].eviction.guess;
	}
	return n;
}

/* The sessions that ended since the last call. */
static uint64_t count_ended(struct generation *g, uint32_t pool)
{
	uint64_t n = 0;

	for (struct child *c = g->children; c; c = c->next) {
		if (c->pool != pool)
			continue;
		uint64_t served = atomic_load(&g->fleet->shared->records[c->record].served);
		n += served > c->served_were ? served - c->served_were : 0;
		c->served_were = served;
	}
	return n;
}

/* Clients behind a balancer whose header has not come yet are one source. */
static uint64_t source_of(const struct generation *g, const struct siphash_key *key, const struct addr *peer)
{
	const struct rate_sketch_shape *shape = &g->settings->limits.shape;
	struct addr source = addr_source(peer, shape->source_bits_v4, shape->source_bits_v6);

	return siphash(key, &source, sizeof(source));
}

static size_t list_sessions(const struct generation *g, uint32_t pool, struct evict_session *list, size_t most)
{
	uint64_t now_ns = clock_mono_ns();
	struct siphash_key key = { 0 };
	struct table_view v;
	size_t n = 0;

	(void)!shared_new_key(&key);
	for (uint32_t i = 0, end = table_scan_end(&g->fleet->table); i < end && n < most; i++) {
		if (!see(g, pool, i, &v))
			continue;
		list[n++] = (struct evict_session){ .source = source_of(g, &key, &v.peer),
						    .age_ns = now_ns > v.started_ns ? now_ns - v.started_ns : 0,
						    .bytes = v.in_bytes + v.out_bytes,
						    .tag = tag_of(i, &v) };
	}
	return n;
}

void eviction_make(struct generation *g, uint32_t pool, size_t most)
{
	const struct pool_settings *p = &g->settings->pools[pool];
	cleanup_free struct evict_session *list = malloc(places(p) * sizeof(*list));
	size_t n = list ? list_sessions(g, pool, list, places(p)) : 0;

	evict_order(list, n, p->patience_ns);
	n = n < most ? n : most;
	for (size_t i = 0; i < n; i++)
		mark(g, pool, list[i].tag, KILL_ROOM);
	tell_of_marks(g, pool, n);
	g->pools[pool].eviction.ended_n += n;
}

static void look_at_full(struct generation *g, uint32_t pool, uint64_t now_ns)
{
	struct eviction *e = &g->pools[pool].eviction;
	struct evict_view v = {
		.span_ns = now_ns - e->looked_ns,
		.patience_ns = g->settings->pools[pool].patience_ns,
		.waiting = count_waiting(g, pool),
		.ended = count_ended(g, pool),
	};
	uint32_t n = evict_due(&e->debt, &v);

	e->looked_ns = now_ns;
	if (!v.waiting)
		e->guess = 1;
	else if (n && e->guess < GUESS_MOST)
		e->guess *= 2;
	if (n)
		eviction_make(g, pool, n);
}

static void enter(struct generation *g, uint32_t pool, uint64_t now_ns)
{
	struct eviction *e = &g->pools[pool].eviction;

	e->state = EVICTION_OUT;
	e->looked_ns = now_ns;
	e->debt = (struct evict_debt){ 0 };
	e->guess = 1;
	(void)count_ended(g, pool);
}

/* A place is free. Where it is soon taken again, no worker needs to report that before the next look. */
static uint64_t leave(struct generation *g, uint32_t pool, uint64_t now_ns)
{
	struct eviction *e = &g->pools[pool].eviction;
	_Atomic uint32_t *told = &g->fleet->shared->gauges[g->plan.gauges + pool].full;

	if (atomic_load(told) && e->state != EVICTION_TIGHT) {
		e->state = EVICTION_TIGHT;
		return e->again_ns = now_ns + STEP_NS;
	}
	e->state = EVICTION_THERE;
	atomic_store(told, 0);
	/* A worker that becomes full from here on says so. */
	return is_out(g, pool) ? now_ns : CLOCK_NEVER;
}

static uint64_t look_at_pool(struct generation *g, uint32_t pool)
{
	struct eviction *e = &g->pools[pool].eviction;
	uint64_t now_ns = clock_mono_ns(), took_ns;

	if (e->state != EVICTION_THERE && now_ns < e->again_ns)
		return e->again_ns;
	if (!is_out(g, pool))
		return leave(g, pool, now_ns);
	atomic_store(&g->fleet->shared->gauges[g->plan.gauges + pool].full, 1);
	if (e->state == EVICTION_OUT)
		look_at_full(g, pool, now_ns);
	else
		enter(g, pool, now_ns);
	took_ns = REST * (clock_mono_ns() - now_ns);
	e->again_ns = now_ns + (took_ns > STEP_NS ? took_ns : STEP_NS);
	return e->again_ns;
}

uint64_t eviction_look(struct generation *g)
{
	uint64_t again_ns = CLOCK_NEVER;

	for (uint32_t i = 0; i < g->settings->pools_n; i++) {
		uint64_t t = g->used[i] && g->settings->pools[i].patience_ns ? look_at_pool(g, i) : CLOCK_NEVER;
		again_ns = t < again_ns ? t : again_ns;
	}
	return again_ns;
}

static void tell_log(const char *pool, uint64_t n)
{
	struct log_line l;

	if (!n)
		return;
	log_begin(&l, LOG_LEVEL_NOTICE, "room");
	log_text(&l, "pool", pool);
	log_number(&l, "count", (int64_t)n);
	log_end(&l);
}

void eviction_watch(struct generation *g, uint64_t now_ns)
{
	for (uint32_t i = 0; i < g->settings->pools_n; i++) {
		struct eviction *e = &g->pools[i].eviction;

		if (g->used[i] && is_out(g, i))
			eviction_end_idle(g, i, now_ns);
		tell_log(g->pools[i].name, labels_say(&e->said, e->ended_n, now_ns));
	}
}
