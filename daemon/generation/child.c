/* SPDX-License-Identifier: MIT */
/* A process that the supervisor forked: a worker or a resolver, from fork to grave. */
#include "generation/child.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/log_quota.h"
#include "base/signal_name.h"
#include "process/metrics.h"
#include "process/resolver.h"
#include "process/worker_process.h"
#include "generation/policy.h"

static struct record *record_of(const struct child *c)
{
	return &c->generation->fleet->shared->records[c->record];
}

bool child_is_worker(const struct child *c)
{
	return c->pool < SETTINGS_POOLS_MAX;
}

/* The pool whose early deaths in a row this process's death belongs to. */
static struct pool *own_pool(const struct child *c)
{
	return fleet_pool(c->generation, c->pool);
}

const char *child_pool_name(const struct child *c)
{
	return own_pool(c)->name;
}

static bool is_of_model(const struct child *c, enum pool_model model)
{
	return child_is_worker(c) && own_pool(c)->model == model;
}

static void hear(void *of, enum channel_word word)
{
	struct child *c = of;

	switch ((int)word) {
	case CHANNEL_READY:
		c->ready = true;
		if (c->pool == CHILD_METRICS) /* it cannot write its record */
			atomic_store(&record_of(c)->state, RECORD_IDLE);
		if (c->generation->phase > GENERATION_FAILED)
			child_tell(c, CHANNEL_GO);
		break;
	case CHANNEL_DRAINED:
		c->drained = true;
		break;
	case CHANNEL_ALIVE:
		atomic_store(&record_of(c)->beat_ns, clock_mono_ns());
		break;
	case CHANNEL_LOST:
		c->generation->fleet->lost.met = true;
		break;
	case CHANNEL_GONE: /* the child is dying, and a signal will tell of its death */
		loop_remove(&c->generation->fleet->loop, &c->channel);
		break;
	default: /* CHANNEL_SPARE: looking is all it asks for */
		break;
	}
}

static void channel_ready(struct loop_source *s, uint32_t events)
{
	struct child *c = container_of(s, struct child, channel);

	(void)events;
	channel_receive(s->fd, hear, c);
	c->generation->fleet->changed(c->generation->fleet);
}

/* The signals that are the supervisor's business: a terminal's or systemd's TERM reaches the whole group. */
static void leave_signals_to_supervisor(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE };
	sigset_t none;

	for (size_t i = 0; i < array_n(signals); i++)
		signal(signals[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void run(const struct generation *g, uint32_t pool, uint32_t record, int channel)
{
	leave_signals_to_supervisor();
	if (pool == CHILD_RESOLVER)
		resolver_run(&g->plan, record, g->questions[0], channel);
	if (pool == CHILD_METRICS)
		metrics_run(&g->plan, g->metrics_fd, channel);
	worker_process_keep_descriptors(&g->plan, pool, channel);
	worker_process_run(&g->plan, pool, record, channel);
}

/* The process's record: what others see of it. */
static void describe_record(const struct child *c)
{
	struct shared *s = c->generation->fleet->shared;

	atomic_store(&s->records[c->record].generation, c->generation->number);
	atomic_store(&s->records[c->record].pool, pool_deaths_find(&c->generation->fleet->pool_names, child_pool_name(c)));
	atomic_store(&s->records[c->record].pid, (uint32_t)c->pid);
}

int child_spawn(struct generation *g, uint32_t pool)
{
	struct fleet *f = g->fleet;
	struct child *c = calloc(1, sizeof(*c));
	uint32_t record = SHARED_NOBODY;
	cleanup_fd int ours = -1;
	cleanup_fd int theirs = -1;
	int pair[2];
	int r = c ? records_take(&f->records, f->shared, &record) : -ENOMEM;

	if (r == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		r = -errno;
	if (r == 0) {
		ours = pair[0];
		theirs = pair[1];
		*c = (struct child){ .channel = { .fd = ours, .ready = channel_ready },
				     .generation = g,
				     .pool = pool,
				     .record = record,
				     .started_ns = clock_mono_ns() };
		r = loop_add(&f->loop, &c->channel, EPOLLIN);
	}
	if (r == 0) {
		pid_t pid = fork();
		if (pid == 0)
			run(g, pool, record, theirs);
		c->pid = pid;
		r = pid < 0 ? -errno : 0;
		if (r < 0)
			loop_remove(&f->loop, &c->channel);
	}
	if (r != 0) {
		records_free(&f->records, f->shared, record);
		free(c);
		return r;
	}
	(void)fd_take(&ours);
	describe_record(c);
	c->next = g->children;
	g->children = c;
	return 0;
}

bool child_is_ours(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* The process writes to a record of the old memory. The one taken here only says that it exists. */
static int take_strange_record(struct child *c)
{
	struct fleet *f = c->generation->fleet;
	int r = records_take(&f->records, f->shared, &c->record);

	if (r < 0)
		return r;
	atomic_store(&f->shared->records[c->record].state, RECORD_DRAINING);
	describe_record(c);
	return 0;
}

int child_adopt(struct generation *g, const struct child *like, bool is_strange)
{
	struct fleet *f = g->fleet;

	if (!child_is_ours(like->pid)) { /* it died while one program gave way to the next */
		int fd = like->channel.fd;
		fd_close(&fd);
		(void)shared_release_owner(f->shared, &f->table, (uint32_t)like->pid);
		if (!is_strange)
			records_free(&f->records, f->shared, like->record);
		return 0;
	}
	struct child *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	*c = *like;
	c->channel.ready = channel_ready;
	c->generation = g;
	c->strange = is_strange;
	(void)pool_deaths_add_pool(&f->pool_names, child_pool_name(c));
	int r = is_strange ? take_strange_record(c) : 0;
	if (!is_strange)
		records_claim(&f->records, c->record);
	if (r == 0 && c->channel.fd >= 0)
		r = loop_add(&f->loop, &c->channel, EPOLLIN);
	else if (r == 0) /* nothing can be told to it any more */
		kill(c->pid, SIGKILL);
	if (r < 0) {
		free(c);
		return r;
	}
	c->next = g->children;
	g->children = c;
	return 0;
}

static bool has_child(const struct fleet *f, uint32_t record)
{
	const struct generation *lists[] = { f->current, f->draining };

	for (size_t i = 0; i < array_n(lists); i++)
		for (const struct generation *g = lists[i]; g; g = g->next)
			for (const struct child *c = g->children; c; c = c->next)
				if (c->record == record)
					return true;
	return false;
}

void child_end_strays(struct fleet *f)
{
	for (struct child *c = f->current->children; c; c = c->next)
		if (!c->ready)
			kill(c->pid, SIGKILL);
	for (uint32_t i = 0; i < SHARED_RECORDS_MAX; i++) {
		struct record *r = &f->shared->records[i];
		pid_t pid = (pid_t)atomic_load(&r->pid);

		if (atomic_load(&r->state) == RECORD_FREE || has_child(f, i))
			continue;
		/* A record's word is not believed: only a child of ours that belongs to no generation is ended. */
		if (pid > 1 && !fleet_child(f, pid) && child_is_ours(pid))
			kill(pid, SIGKILL);
		atomic_store(&r->state, RECORD_FREE);
	}
}

void child_tell(struct child *c, enum channel_word word)
{
	if (word == CHANNEL_DRAIN)
		c->told = true;
	channel_send(c->channel.fd, word);
}

static void count_death(const struct child *c, int signal)
{
	struct pool_deaths_counts *deaths = &c->generation->fleet->shared->deaths;
	uint32_t row = pool_deaths_find(&c->generation->fleet->pool_names, child_pool_name(c));

	if (c->stuck)
		pool_deaths_add_stuck(deaths, row);
	else
		pool_deaths_add(deaths, row, signal);
}

/* An unexpected death: counted, logged, and throttling the pool where it came early. */
static void mourn(struct child *c, const siginfo_t *info, uint32_t sessions)
{
	const struct policy_life life = { .started_ns = c->started_ns,
					  .died_ns = clock_mono_ns(),
					  .served = atomic_load(&record_of(c)->served),
					  .sessions = sessions,
					  .ready = c->ready };
	uint64_t throttled_ns = policy_died(&own_pool(c)->failures, &life);
	bool exited = info->si_code == CLD_EXITED;
	struct log_line l;

	count_death(c, exited ? 0 : info->si_status);
	if (!log_quota_take(LOG_LEVEL_WARNING, "died"))
		return;
	log_begin(&l, LOG_LEVEL_WARNING, "died");
	log_text(&l, "pool", child_pool_name(c));
	log_number(&l, "pid", c->pid);
	if (exited)
		log_number(&l, "status", info->si_status);
	else
		log_text(&l, "signal", signal_name(info->si_status));
	if (!exited && info->si_status == SIGSYS)
		log_text(&l, "cause", "it made a system call that it may not make");
	log_number(&l, "sessions", sessions);
	if (throttled_ns)
		log_number(&l, "throttled_ms", (int64_t)(throttled_ns / CLOCK_MS_NS));
	log_end(&l);
}

static void unlink_child(struct child *c)
{
	struct child **at = &c->generation->children;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
}

void child_bury(struct child *c, const siginfo_t *info)
{
	struct fleet *f = c->generation->fleet;
	bool well = info->si_code == CLD_EXITED && info->si_status == 0;
	uint32_t sessions = shared_release_owner(f->shared, &f->table, (uint32_t)c->pid);

	if (!c->ready && c->generation->phase == GENERATION_COMING)
		c->generation->phase = GENERATION_FAILED;
	if (!well && is_of_model(c, POOL_FORK))
		c->generation->orphaned = true;
	if (!well && c->generation->phase != GENERATION_ENDING)
		mourn(c, info, sessions);
	loop_remove(&f->loop, &c->channel);
	fd_close(&c->channel.fd);
	/* A worker killed while it was idle cannot take itself out of the count. */
	if (is_of_model(c, POOL_PREFORK) && atomic_load(&record_of(c)->state) == RECORD_IDLE)
		atomic_fetch_sub(&f->shared->gauges[c->generation->plan.gauges + c->pool].idle, 1);
	unlink_child(c);
	records_free(&f->records, f->shared, c->record);
	free(c);
}
