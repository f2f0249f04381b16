/* SPDX-License-Identifier: MIT */
/*
 * What workers can write is filled with wrong words, and everything that the supervisor and the process for metrics do with
 * it is done: it ends, nothing is read or written outside (AddressSanitizer looks), and no process is signalled but its own.
 * 20,000 times, or as often as WRONG_WORDS_N says; all of struct shared at once 1 in 1,000 times.
 */
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wrong_words.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/log_quota.h"
#include "process/exposition.h"
#include "generation/child.h"
#include "generation/eviction.h"
#include "generation/generation.h"
#include "generation/log_statistics.h"
#include "generation/orphans.h"
#include "control/command.h"
#include "supervisor/core.h"
#include "supervisor/housekeeping.h"

#define SLOTS 64
#define RECORDS 4
#define ROWS 4
#define ITERATIONS_N 20000
#define ALL_EVERY 1000

static struct supervisor s;
static struct fleet *const fleet = &s.fleet;
static struct settings settings;
static struct listener_settings services[ROWS];
static struct listener listeners[ROWS];
static _Atomic uint32_t readers[LISTENER_MAX];
static struct rate_limits limits;
static const struct rate_sketch_shape shape = { .bytes = RATE_LIMITS_BYTES_MIN, .source_bits_v4 = 32, .source_bits_v6 = 64 };
static struct wrong wrong = { .seed = 20260101 };
static pid_t dead, stranger, worker, orphan;
static unsigned signalled_n;
static FILE *nowhere;

/* In the C library's stead: who would be signalled. */
int kill(pid_t pid, int sig maybe_unused)
{
	if (pid != dead && pid != orphan)
		fail_msg("process %d would be signalled", (int)pid);
	signalled_n += pid == orphan;
	return 0;
}

/* A process that waits for our end. */
static pid_t sleeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

/* A child of a child: no child of ours. */
static pid_t make_stranger(void)
{
	int words[2];
	pid_t pid, between;

	assert_int_equal(pipe(words), 0);
	between = fork();
	assert_true(between >= 0);
	if (between == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pid = sleeper();
		(void)!write(words[1], &pid, sizeof(pid));
		for (;;)
			pause();
	}
	assert_int_equal(read(words[0], &pid, sizeof(pid)), sizeof(pid));
	close(words[0]);
	close(words[1]);
	return pid;
}

static void add_child(struct generation *g, uint32_t pool, pid_t pid)
{
	struct child *c = calloc(1, sizeof(*c));
	int pair[2];

	assert_non_null(c);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	close(pair[1]);
	*c = (struct child){ .channel = { .fd = pair[0] },
			     .generation = g,
			     .pool = pool,
			     .pid = pid,
			     .ready = true,
			     .strange = pid == worker, /* else it is killed for its heartbeat */
			     .started_ns = 1,
			     .next = g->children };
	assert_int_equal(records_take(&fleet->records, fleet->shared, &c->record), 0);
	assert_int_equal(loop_add(&fleet->loop, &c->channel, EPOLLRDHUP), 0);
	g->children = c;
}

static void make_settings(void)
{
	static const char *const names[ROWS] = { "echo", "discard", "daytime", "chargen" };

	settings = (struct settings){
		.limits = { .sessions = 100, .shape = shape }, .pools_n = 2, .listeners = services, .listeners_n = ROWS
	};
	settings.pools[0] = (struct pool_settings){
		.name = "event", .model = POOL_EVENT, .max_sessions = 64, .workers = 1, .patience_ns = 1
	};
	settings.pools[1] = (struct pool_settings){
		.name = "fork", .model = POOL_FORK, .max_sessions = 64, .patience_ns = 1
	};
	for (uint32_t i = 0; i < ROWS; i++) {
		services[i].service = service_find(names[i]);
		services[i].rules.idle_timeout_busy_ns = 1;
		services[i].admission.dry_run = true;
		listeners[i] = (struct listener){ .fd = -1,
						  .settings = &services[i],
						  .all = &settings,
						  .transport = i % 2 ? TRANSPORT_UDP : TRANSPORT_TCP,
						  .pool = i % 2,
						  .row = i };
		snprintf(listeners[i].label, sizeof(listeners[i].label), "%s/tcp", names[i]);
		listeners[i].row = fleet->labels.n;
		assert_int_equal(labels_give(&fleet->labels, fleet->labels.n, listeners[i].label), 0);
	}
}

static struct generation *make_generation(void)
{
	struct generation *g = generation_alloc(fleet);

	assert_non_null(g);
	g->number = ++fleet->generations;
	g->settings = &settings;
	g->phase = GENERATION_SERVING;
	g->listeners = listeners;
	g->listeners_n = ROWS;
	g->orphaned = true;
	for (uint32_t i = 0; i < settings.pools_n; i++) {
		memcpy(g->pools[i].name, settings.pools[i].name, sizeof(g->pools[i].name));
		g->pools[i].model = settings.pools[i].model;
		g->used[i] = true;
		(void)pool_deaths_add_pool(&fleet->pool_names, g->pools[i].name);
	}
	g->resolvers_wanted = 1;
	g->plan = (struct worker_plan){ .settings = &settings,
					.listeners = listeners,
					.listeners_n = ROWS,
					.readers = readers,
					.shared = fleet->shared,
					.table = &fleet->table,
					.limits = &limits,
					.pool_names = &fleet->pool_names };
	generation_place_gauges(g);
	add_child(g, 0, worker);
	add_child(g, 1, dead);
	add_child(g, CHILD_RESOLVER, dead);
	return g;
}

/* The places where words do most; a table of few slots, so that each is met often. */
static void make_regions(void)
{
	struct shared *m = fleet->shared;

	shared_table(m, 1, &fleet->table);
	table_init(&fleet->table, fleet->table.words, SLOTS, 1);
	wrong_region(&wrong, m, offsetof(struct shared, records));
	wrong_region(&wrong, m->records, sizeof(m->records[0]) * RECORDS);
	wrong_region(&wrong, m->offenders, sizeof(m->offenders[0]) * RECORDS);
	wrong_region(&wrong, fleet->table.words, (size_t)((char *)fleet->table.slots - (char *)fleet->table.words));
	wrong_region(&wrong, fleet->table.slots, sizeof(struct table_slot) * 16);
	wrong_region(&wrong, fleet->table.caps.words, caps_bytes(SLOTS));
	wrong_region(&wrong, fleet->table.caps.words, 64 + ROWS * sizeof(uint64_t)); /* the total, and those rows */
	wrong_region(&wrong, shared_counters(m, 0), sizeof(struct counters) * ROWS);
	wrong_region(&wrong, readers, sizeof(readers));
}

static int begin(void **state maybe_unused)
{
	log_set(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	fleet->file = "echotimed.conf";
	fleet->shared_fd = -1;
	nowhere = fopen("/dev/null", "w");
	assert_int_equal(loop_init(&fleet->loop, 16), 0);
	assert_int_equal(shared_map(NULL, &fleet->shared), 0);
	assert_int_equal(shared_map_limits(&shape, &(struct siphash_key){ { 1, 2 } }, NULL, &limits), 0);
	log_quota_share(&fleet->shared->log_quota);
	worker = sleeper();
	orphan = sleeper();
	stranger = make_stranger();
	dead = fork(); /* and never waited for */
	if (dead == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)dead, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	make_regions();
	make_settings();
	fleet->current = make_generation();
	fleet->draining = make_generation();
	const pid_t pids[] = { worker, orphan, stranger, dead, getpid(), getppid(), -getpgrp(), -1 };
	for (size_t i = 0; i < array_n(pids); i++)
		if (pids[i] != 0) /* in a container a parent, or a group's first process, may have no number */
			wrong.pids[wrong.pids_n++] = (uint32_t)pids[i];
	return 0;
}

/* A command from its first piece to its last. Each piece fits where it is to be put. */
static void ask(command_fn *command, const char *id)
{
	struct request request = { 0 };
	struct asking a = { .fleet = fleet, .request = &request };
	char storage[COMMAND_LINE_MAX + 1];

	request.words[request.words_n++] = "";
	request.words[request.words_n++] = id;
	a.said = TEXT_OVER(a.said_storage);
	for (enum command_state state = COMMAND_MORE; state == COMMAND_MORE;) {
		struct text to = TEXT_OVER(storage);

		state = command(&a, &to);
		assert_true(!to.cut && to.len < COMMAND_LINE_MAX);
	}
}

static void ask_all(unsigned i)
{
	char id[32];

	snprintf(id, sizeof(id), "%u.%u", i % (2 * SLOTS),
		 atomic_load(&table_slot_at(&fleet->table, i % (2 * SLOTS))->generation));
	ask(cmd_sessions, "");
	ask(cmd_kill, id);
	if (i % 16 == 0) {
		ask(cmd_limits, "");
		ask(cmd_stats, "");
		ask(cmd_status, "");
	}
}

/* A worker dies, and another has its place. */
static void die_and_be_replaced(unsigned i)
{
	siginfo_t info = { .si_code = i % 2 ? CLD_EXITED : CLD_KILLED };
	struct generation *g = i % 4 ? fleet->current : fleet->draining;
	struct child *c = g->children;

	info.si_status = i % 2 ? 1 : SIGSEGV;
	info.si_pid = dead;
	while (c->pid != dead)
		c = c->next;
	uint32_t pool = c->pool;
	child_bury(c, &info);
	add_child(g, pool, dead);
	assert_true(fleet->records.n <= 6);
}

static void look_after(unsigned i)
{
	struct generation *g = i % 2 ? fleet->current : fleet->draining;

	(void)shared_release_owner(fleet->shared, &fleet->table, wrong.pids[i % wrong.pids_n]);
	(void)table_repair(&fleet->table);
	for (uint32_t pool = 0; pool < settings.pools_n && i % 8 == 0; pool++) {
		eviction_end_idle(g, pool, clock_mono_ns());
		eviction_make(g, pool, 2);
	}
	(void)eviction_look(g);
	if (i % 16 == 8)
		eviction_watch(g, clock_mono_ns());
	(void)orphans_are_left(g);
	orphans_signal(g, SIGUSR1, KILL_DRAIN);
	orphans_signal(g, SIGKILL, KILL_NOT);
	orphans_check_lives(g, clock_mono_ns(), i % 32 == 0);
	if (i % 16 == 1)
		housekeeping(&s);
	if (i % 16 == 4)
		child_end_strays(fleet);
	if (i % 16 == 2)
		log_statistics(fleet);
	generation_deal_readers(g);
	(void)generation_has_workers(g);
}

/* What is nearly right leads further than what is all wrong. */
static void write_what_is_nearly_right(void)
{
	for (unsigned n = 0; n < 4; n++) {
		struct table_slot *slot = table_slot_at(&fleet->table, wrong_below(&wrong, 16));

		slot->owner = wrong.pids[wrong_below(&wrong, wrong.pids_n)];
		slot->row = wrong_below(&wrong, ROWS);
		slot->pool = shared_pool_pack(1 + wrong_below(&wrong, 2), wrong_below(&wrong, 2));
		slot->kill = 0;
	}
	struct offenders_place *place = &fleet->shared->offenders[0].places[wrong_below(&wrong, OFFENDERS_N)];
	place->version = 2;
	place->count = 1;
	place->last_ns = clock_mono_ns();
	place->offence.row = wrong_below(&wrong, ROWS + 1);
	place->offence.why = (enum refusal)wrong_below(&wrong, REFUSALS_N + 2);
	place->offence.source.family = (uint16_t)wrong_below(&wrong, AF_INET6 + 2);
	atomic_store((_Atomic uint32_t *)(void *)fleet->table.words, 16); /* where a scan ends */
}

static void show(unsigned i)
{
	if (i % 16 != 3)
		return;
	exposition_write(&fleet->current->plan, i % 32 == 3, nowhere);
	(void)exposition_write_unready(&fleet->current->plan, nowhere);
}

TEST(whatever_workers_write_the_supervisor_lives)
{
	unsigned n = wrong_iterations(ITERATIONS_N);

	for (unsigned i = 0; i < n; i++) {
		if (i % ALL_EVERY == ALL_EVERY - 1) {
			wrong_whole(&wrong, fleet->shared, sizeof(*fleet->shared));
			show(3);
			ask(cmd_limits, "");
			memset(&fleet->shared->records[RECORDS], 0,
			       sizeof(fleet->shared->records[0]) * (SHARED_RECORDS_MAX - RECORDS));
		}
		write_what_is_nearly_right();
		wrong_some(&wrong);
		ask_all(i);
		look_after(i);
		if (i % 32 == 7)
			die_and_be_replaced(i);
		show(i);
	}
	assert_true(signalled_n > 0);
	print_message("%u times, of which %u found an orphan\n", n, signalled_n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(whatever_workers_write_the_supervisor_lives, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
