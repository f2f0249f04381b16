/* SPDX-License-Identifier: MIT */
/* The policy of pools: how many processes each should have. Pure. */
#include "generation/policy.h"

#include "base/clock.h"

#define THROTTLE_LAST_S 60
#define EARLY_NS (1 * CLOCK_S_NS)
#define FIRST_SESSIONS_NS (10 * CLOCK_S_NS)
#define FORGOTTEN_NS (10 * CLOCK_S_NS) /* after the pool could be whole again */

static uint32_t prefork_wants(const struct pool_settings *pool, const struct policy_view *v)
{
	uint32_t all = v->starting + v->idle + v->busy;
	uint32_t spare = v->starting + v->idle;
	uint32_t ahead = v->busy / 4; /* a busy pool gets more at once: its sessions arrive faster than processes start */

	if (spare >= pool->min_spare)
		return all;
	uint32_t want = pool->min_spare - spare + (ahead < pool->max_spare ? ahead : pool->max_spare);
	uint32_t room = pool->max_workers > all ? pool->max_workers - all : 0;
	return all + (want < room ? want : room);
}

struct policy_order policy_decide(const struct pool_settings *pool, const struct policy_view *v)
{
	struct policy_order order = { .again_ns = CLOCK_NEVER };
	uint32_t all = v->starting + v->idle + v->busy;
	uint32_t want = pool->model == POOL_FORK ? 1 : pool->model == POOL_EVENT ? pool->workers : prefork_wants(pool, v);

	if (want > all && v->now_ns < v->not_before_ns)
		order.again_ns = v->not_before_ns;
	else if (want > all)
		order.spawn = want - all;
	else if (pool->model == POOL_PREFORK && v->idle > pool->max_spare)
		order.retire = 1;
	return order;
}

uint32_t policy_start(const struct pool_settings *pool)
{
	uint32_t least = pool->start > pool->min_spare ? pool->start : pool->min_spare;

	if (pool->model == POOL_FORK)
		return 1;
	if (pool->model == POOL_EVENT)
		return pool->workers;
	return least < pool->max_workers ? least : pool->max_workers;
}

uint64_t policy_throttle_ns(uint32_t failures_in_a_row)
{
	uint64_t seconds = 1;

	if (failures_in_a_row <= 1)
		return 0;
	for (uint32_t i = 2; i < failures_in_a_row && seconds < THROTTLE_LAST_S; i++)
		seconds *= 2;
	return (seconds < THROTTLE_LAST_S ? seconds : THROTTLE_LAST_S) * CLOCK_S_NS;
}

static bool is_early(const struct policy_life *life)
{
	uint64_t age_ns = life->died_ns - life->started_ns;

	return !life->ready || age_ns < EARLY_NS || (life->served == 0 && life->sessions && age_ns < FIRST_SESSIONS_NS);
}

static void forget_old(struct policy_failures *f, uint64_t now_ns)
{
	if (now_ns > f->not_before_ns + FORGOTTEN_NS)
		f->in_a_row = 0;
}

uint64_t policy_died(struct policy_failures *f, const struct policy_life *life)
{
	forget_old(f, life->died_ns);
	if (!is_early(life)) {
		f->in_a_row = 0;
		return 0;
	}
	if (f->in_a_row && life->started_ns < f->last_ns)
		return 0;
	uint64_t wait_ns = policy_throttle_ns(++f->in_a_row);
	f->last_ns = life->died_ns;
	f->not_before_ns = life->died_ns + wait_ns;
	return wait_ns;
}

uint64_t policy_fork_failed(struct policy_failures *f, uint64_t now_ns)
{
	forget_old(f, now_ns);
	uint64_t wait_ns = policy_throttle_ns(++f->in_a_row + 1);
	f->last_ns = now_ns;
	f->not_before_ns = now_ns + wait_ns;
	return wait_ns;
}
