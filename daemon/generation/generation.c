/* SPDX-License-Identifier: MIT */
/* A generation: one set of settings with its listeners and its processes. */
#include "generation/generation.h"

#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "worker/lookup_client.h"
#include "worker/sandbox.h"
#include "process/worker_process.h"
#include "generation/child.h"
#include "generation/metrics_socket.h"
#include "generation/orphans.h"
#include "generation/policy.h"
#include "generation/pool.h"
#include "generation/sockets.h"

#define GAUGES_OF(number) ((number) % (SHARED_GAUGES_MAX / SETTINGS_POOLS_MAX) * SETTINGS_POOLS_MAX)

static int open_questions(struct generation *g, struct text *why)
{
	if (!g->resolvers_wanted)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, g->questions) < 0) {
		int r = -errno;
		text_addf(why, "socketpair: %s", strerror(errno));
		return r;
	}
	/* Room for the whole queue: its length is counted, not left to a buffer's size. */
	int bytes = (int)(g->settings->resolver.queue * 1536 + 65536);
	(void)setsockopt(g->questions[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	int r = lookup_client_share(g->settings, &g->plan.asked);
	if (r < 0)
		text_addf(why, "no memory for resolver.queue: %s", strerror(-r));
	return r;
}

void generation_place_gauges(struct generation *g)
{
	g->plan.gauges = GAUGES_OF(g->number);
	g->plan.generation = g->number;
}

static int make(struct generation *g, const struct generation *before, struct text *why)
{
	struct fleet *f = g->fleet;
	int r;

	g->plan.readers = mmap(NULL, WORKER_READERS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (g->plan.readers == MAP_FAILED) {
		text_add(why, "out of memory");
		return -ENOMEM;
	}
	r = limits_memory_take(&g->settings->limits.shape, before ? before->limits : NULL, &g->limits);
	if (r < 0) {
		text_addf(why, "no memory for limits.table: %s", strerror(-r));
		return r;
	}
	r = sockets_plan(g, why);
	if (r == 0)
		r = open_questions(g, why);
	if (r == 0)
		r = metrics_socket_open(g, before, why);
	if (r == 0)
		r = sockets_open(g, before, why);
	if (r < 0)
		return r;
	for (size_t i = 0; i < g->listeners_n; i++)
		atomic_store(&g->plan.readers[i], SHARED_NOBODY);
	for (size_t i = 0; i < g->settings->pools_n; i++) {
		memcpy(g->pools[i].name, g->settings->pools[i].name, sizeof(g->pools[i].name));
		g->pools[i].model = g->settings->pools[i].model;
	}
	g->drain_timeout_ns = g->settings->drain_timeout_ns;
	g->plan.settings = g->settings;
	g->plan.started_ns = f->started_ns;
	g->plan.listeners = g->listeners;
	g->plan.listeners_n = g->listeners_n;
	g->plan.shared = f->shared;
	g->plan.table = &f->table;
	g->plan.limits = &g->limits->limits;
	g->plan.pool_names = &f->pool_names;
	generation_place_gauges(g);
	g->plan.life_fd = f->life[0];
	g->plan.questions_fd = g->questions[1];
	for (uint32_t i = 0; i < SETTINGS_POOLS_MAX; i++) {
		atomic_store(&f->shared->gauges[g->plan.gauges + i].idle, 0);
		atomic_store(&f->shared->gauges[g->plan.gauges + i].told, 0);
		atomic_store(&f->shared->gauges[g->plan.gauges + i].full, 0);
	}
	return 0;
}

struct generation *generation_alloc(struct fleet *f)
{
	struct generation *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	*g = (struct generation){ .fleet = f,
				  .deadline_ns = CLOCK_NEVER,
				  .resolvers = { .name = "resolver" },
				  .metrics = { .name = "metrics" },
				  .questions = { -1, -1 },
				  .metrics_fd = -1 };
	return g;
}

int generation_new(struct fleet *f, struct settings *settings, const struct generation *before, struct generation **ret,
		   struct text *why)
{
	struct generation *g = generation_alloc(f);

	if (!g) {
		text_add(why, "out of memory");
		return -ENOMEM;
	}
	g->number = ++f->generations;
	g->settings = settings;
	int r = make(g, before, why);
	if (r < 0) {
		sockets_abandon(g, before);
		g->settings = NULL; /* the caller's again */
		generation_free(g);
		return r;
	}
	*ret = g;
	return 0;
}

/* Work that each process would otherwise repeat in memory of its own. */
static int prepare_processes(const struct generation *g)
{
	int r = g->resolvers_wanted ? sandbox_prepare(SANDBOX_RESOLVER) : 0;

	if (r == 0 && g->metrics_fd >= 0)
		r = sandbox_prepare(SANDBOX_METRICS);
	for (uint32_t i = 0; r == 0 && i < g->settings->pools_n; i++)
		if (g->used[i])
			r = sandbox_prepare(worker_process_role(&g->settings->pools[i]));
#ifdef __GLIBC__
	(void)malloc_trim(0); /* what was freed is put in order */
#endif
	return r;
}

/* Before any process is forked: the one that shows metrics inherits the names. */
static void name_pools(const struct generation *g)
{
	struct pool_deaths *names = &g->fleet->pool_names;

	(void)pool_deaths_add_pool(names, g->resolvers.name);
	(void)pool_deaths_add_pool(names, g->metrics.name);
	for (uint32_t i = 0; i < g->settings->pools_n; i++)
		if (g->used[i])
			(void)pool_deaths_add_pool(names, g->pools[i].name);
}

int generation_start(struct generation *g)
{
	name_pools(g);
	int r = prepare_processes(g);

	if (r == 0)
		r = pool_spawn(g, CHILD_RESOLVER, g->resolvers_wanted);
	if (r == 0)
		r = pool_spawn(g, CHILD_METRICS, g->metrics_fd >= 0);
	for (uint32_t i = 0; r == 0 && i < g->settings->pools_n; i++)
		if (g->used[i])
			r = pool_spawn(g, i, policy_start(&g->settings->pools[i]));
	return r;
}

bool generation_is_ready(const struct generation *g)
{
	for (const struct child *c = g->children; c; c = c->next)
		if (!c->ready)
			return false;
	return true;
}

bool generation_is_drained(const struct generation *g)
{
	for (const struct child *c = g->children; c; c = c->next)
		if (child_is_worker(c) && !c->drained)
			return false;
	return true;
}

static bool reads(const struct child *c, uint32_t pool)
{
	return c->pool == pool && c->ready && !c->told;
}

static uint32_t readings_of(const struct generation *g, uint32_t record)
{
	uint32_t n = 0;

	for (size_t i = 0; i < g->listeners_n; i++)
		n += atomic_load(&g->plan.readers[i]) == record;
	return n;
}

static bool has_reader(const struct generation *g, size_t listener)
{
	uint32_t record = atomic_load(&g->plan.readers[listener]);

	for (const struct child *c = g->children; c; c = c->next)
		if (c->record == record && reads(c, g->listeners[listener].pool))
			return true;
	return false;
}

/* The worker with the fewest sockets. */
static struct child *pick_reader(const struct generation *g, uint32_t pool)
{
	struct child *best = NULL;

	for (struct child *c = g->children; c; c = c->next)
		if (reads(c, pool) && (!best || readings_of(g, c->record) < readings_of(g, best->record)))
			best = c;
	return best;
}

void generation_deal_readers(struct generation *g)
{
	for (size_t i = 0; i < g->listeners_n; i++) {
		if (!(g->listeners[i].transport & TRANSPORT_DATAGRAMS) || has_reader(g, i))
			continue;
		struct child *c = pick_reader(g, g->listeners[i].pool);
		atomic_store(&g->plan.readers[i], c ? c->record : SHARED_NOBODY);
		if (c)
			child_tell(c, CHANNEL_LOOK);
	}
}

void generation_go(struct generation *g)
{
	g->phase = GENERATION_SERVING;
	generation_deal_readers(g);
	for (struct child *c = g->children; c; c = c->next)
		if (c->ready)
			child_tell(c, CHANNEL_GO);
}

static void tell_workers(struct generation *g, enum channel_word word)
{
	for (struct child *c = g->children; c; c = c->next)
		if (child_is_worker(c))
			child_tell(c, word);
}

void generation_drain(struct generation *g, uint64_t deadline_ns)
{
	g->phase = GENERATION_DRAINING;
	g->deadline_ns = deadline_ns;
	tell_workers(g, CHANNEL_DRAIN);
	for (struct child *c = g->children; c; c = c->next)
		if (c->pool == CHILD_METRICS)
			child_tell(c, CHANNEL_END);
}

void generation_end(struct generation *g)
{
	g->phase = GENERATION_ENDING;
	for (struct child *c = g->children; c; c = c->next)
		child_tell(c, CHANNEL_END);
	orphans_signal(g, SIGUSR1, KILL_DRAIN);
}

void generation_kill(struct generation *g)
{
	g->phase = GENERATION_ENDING;
	for (struct child *c = g->children; c; c = c->next)
		kill(c->pid, SIGKILL);
	orphans_signal(g, SIGKILL, KILL_NOT);
}

bool generation_has_workers(const struct generation *g)
{
	for (const struct child *c = g->children; c; c = c->next)
		if (child_is_worker(c))
			return true;
	return orphans_are_left(g);
}

bool generation_has_questions(const struct generation *g)
{
	int bytes = 0;

	return g->questions[0] >= 0 && ioctl(g->questions[0], SIOCINQ, &bytes) == 0 && bytes > 0;
}

uint32_t generation_count(const struct generation *g)
{
	uint32_t n = 0;

	for (const struct child *c = g->children; c; c = c->next)
		n++;
	return n;
}

void generation_retire(struct generation *g)
{
	assert(g->listeners_n == 0);
	free(g->listeners);
	g->listeners = NULL;
	if (g->plan.readers && g->plan.readers != MAP_FAILED)
		munmap(g->plan.readers, WORKER_READERS_BYTES);
	lookup_client_unshare(&g->plan.asked);
	fd_close(&g->metrics_fd);
	limits_memory_drop(g->limits);
	g->limits = NULL;
	settings_free(g->settings);
	g->settings = NULL;
	g->plan = (struct worker_plan){ .gauges = g->plan.gauges, .generation = g->number };
}

void generation_free(struct generation *g)
{
	sockets_close(g, NULL);
	generation_retire(g);
	fd_close(&g->questions[0]);
	fd_close(&g->questions[1]);
	free(g);
}
