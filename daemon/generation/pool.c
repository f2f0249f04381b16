/* SPDX-License-Identifier: MIT */
/* The processes of a pool: as many as policy.c says, and later where one cannot be started. */
#include "generation/pool.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "generation/child.h"
#include "generation/policy.h"

int pool_spawn(struct generation *g, uint32_t which, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		int r = child_spawn(g, which);
		if (r < 0)
			return r;
	}
	return 0;
}

struct pool_count pool_count(const struct generation *g, uint32_t which)
{
	struct pool_count n = { 0 };

	for (const struct child *c = g->children; c; c = c->next) {
		const struct record *r = &g->fleet->shared->records[c->record];
		uint32_t state = atomic_load(&r->state);

		if (c->pool != which)
			continue;
		if (which == CHILD_RESOLVER && c->ready)
			state = atomic_load(&r->busy_until_ns) ? RECORD_BUSY : RECORD_IDLE;
		n.sessions += atomic_load(&r->sessions);
		*(c->told || state == RECORD_DRAINING ? &n.draining
		  : !c->ready                         ? &n.starting
		  : state == RECORD_BUSY              ? &n.busy
						      : &n.idle) += 1;
	}
	return n;
}

static struct policy_view view_of(const struct generation *g, uint32_t pool)
{
	struct pool_count n = pool_count(g, pool);

	return (struct policy_view){ .starting = n.starting,
				     .idle = n.idle,
				     .busy = n.busy,
				     .now_ns = clock_mono_ns(),
				     .not_before_ns = g->pools[pool].failures.not_before_ns };
}

static void retire_idle(struct generation *g, uint32_t pool, uint32_t n)
{
	for (struct child *c = g->children; c && n; c = c->next)
		if (c->pool == pool && c->ready && !c->told &&
		    atomic_load(&g->fleet->shared->records[c->record].state) == RECORD_IDLE) {
			child_tell(c, CHANNEL_DRAIN);
			n--;
		}
}

/* A fork that failed throttles this pool and nobody else's. */
static void spawn_failed(struct pool *p, int err)
{
	uint64_t wait_ns = policy_fork_failed(&p->failures, clock_mono_ns());

	log_say(LOG_LEVEL_WARNING, "fork", "cannot start a process of pool %s: %s; trying again in %u ms", p->name,
		strerror(-err), (unsigned)(wait_ns / CLOCK_MS_NS));
}

/* Nothing would come of a word from a worker now: the pool has all it may have, or is throttled. */
static bool cannot_grow(const struct pool_settings *p, const struct policy_view *v, const struct policy_order *order)
{
	return order->again_ns != CLOCK_NEVER ||
	       (p->model == POOL_PREFORK && v->starting + v->idle + v->busy >= p->max_workers);
}

static uint64_t fill_pool(struct generation *g, uint32_t pool)
{
	const struct pool_settings *p = &g->settings->pools[pool];
	struct gauge *gauge = &g->fleet->shared->gauges[g->plan.gauges + pool];

	/* First: a worker that finds the gauge low from here on says so anew. */
	atomic_store(&gauge->told, 0);
	struct policy_view v = view_of(g, pool);
	struct policy_order order = policy_decide(p, &v);

	if (cannot_grow(p, &v, &order))
		atomic_store(&gauge->told, 1);
	retire_idle(g, pool, order.retire);
	int r = pool_spawn(g, pool, order.spawn);
	if (r < 0) {
		spawn_failed(&g->pools[pool], r);
		return g->pools[pool].failures.not_before_ns;
	}
	return order.again_ns;
}

/* Resolvers, and the process for metrics: so many at any time. */
static uint64_t fill_others(struct generation *g, uint32_t which, uint32_t wanted)
{
	struct pool *pool = fleet_pool(g, which);
	uint32_t n = 0;

	for (const struct child *c = g->children; c; c = c->next)
		n += c->pool == which;
	if (n >= wanted)
		return CLOCK_NEVER;
	if (clock_mono_ns() < pool->failures.not_before_ns)
		return pool->failures.not_before_ns;
	int r = pool_spawn(g, which, wanted - n);
	if (r < 0) {
		spawn_failed(pool, r);
		return pool->failures.not_before_ns;
	}
	return CLOCK_NEVER;
}

uint64_t pools_fill(struct generation *g)
{
	uint64_t again_ns = fill_others(g, CHILD_RESOLVER, g->resolvers_wanted);
	uint64_t metrics_ns = fill_others(g, CHILD_METRICS, g->metrics_fd >= 0);

	again_ns = metrics_ns < again_ns ? metrics_ns : again_ns;
	for (uint32_t i = 0; i < g->settings->pools_n; i++) {
		uint64_t t = g->used[i] ? fill_pool(g, i) : CLOCK_NEVER;
		again_ns = t < again_ns ? t : again_ns;
	}
	return again_ns;
}
