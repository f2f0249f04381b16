/* SPDX-License-Identifier: MIT */
/* The session table under processes that use it at once, and that are killed at any instruction of it. */
#include "test.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared_table.h"

#define SLOTS 8
#define ROWS 2
#define SOURCES 3
#define HELD_MAX 5 /* by one process */

#define TOTAL_CAP 7
#define ROW_CAP 5
#define SOURCE_CAP 4
#define SOURCE_ROW_CAP 3

/* What processes hold at the moment, counted by themselves: after they have got it, until before they give it back. */
static struct shared {
	_Atomic uint32_t total, row[ROWS], source[SOURCES], source_row[SOURCES][ROWS];
	_Atomic uint32_t exceeded; /* times that one of them was above its cap */
	_Atomic uint64_t admitted;
	_Atomic uint64_t turns;
} * held;

static struct table *t;

static int make(void **state maybe_unused)
{
	t = make_table(SLOTS);
	held = mmap(NULL, sizeof(*held), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return held == MAP_FAILED ? -1 : 0;
}

static int drop(void **state maybe_unused)
{
	munmap(held, sizeof(*held));
	drop_table(t, SLOTS);
	return 0;
}

static struct table_request request(uint32_t row, unsigned source)
{
	static const char *const sources[SOURCES] = { "192.0.2.1", "192.0.2.2", "2001:db8::1" };
	struct table_request r = request_of((uint32_t)getpid(), row, sources[source]);

	r.total = TOTAL_CAP;
	r.row_max = ROW_CAP;
	r.per_source = SOURCE_CAP;
	r.row_per_source = SOURCE_ROW_CAP;
	return r;
}

/* ---- a process that admits, moves and releases at random ---- */

struct mine {
	struct table_slot *slot;
	unsigned source;
};

static uint32_t next_random(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static void up(_Atomic uint32_t *word, uint32_t cap)
{
	if (atomic_fetch_add(word, 1) + 1 > cap)
		atomic_fetch_add(&held->exceeded, 1);
}

static void hold(const struct mine *m, uint32_t row)
{
	up(&held->total, TOTAL_CAP);
	up(&held->row[row], ROW_CAP);
	up(&held->source[m->source], SOURCE_CAP);
	up(&held->source_row[m->source][row], SOURCE_ROW_CAP);
	atomic_fetch_add(&held->admitted, 1);
}

static void let_go(const struct mine *m, uint32_t row)
{
	atomic_fetch_sub(&held->source_row[m->source][row], 1);
	atomic_fetch_sub(&held->source[m->source], 1);
	atomic_fetch_sub(&held->row[row], 1);
	atomic_fetch_sub(&held->total, 1);
}

static void give_back(struct mine *m)
{
	let_go(m, m->slot->row);
	table_release(t, m->slot, (uint32_t)getpid());
	m->slot = NULL;
}

/* As a balancer's connection: its source is known later. */
static enum refusal admit_and_name(const struct table_request *r, struct table_slot **ret)
{
	struct table_request nobody = *r;
	enum refusal refused;

	nobody.peer = (struct addr){ 0 };
	refused = table_admit(t, &nobody, ret);
	if (refused != REFUSED_NOT)
		return refused;
	refused = table_name(t, *ret, r);
	if (refused != REFUSED_NOT) {
		table_release(t, *ret, r->owner);
		*ret = NULL;
	}
	return refused;
}

static void change(struct mine *m, uint32_t random)
{
	uint32_t row = random % ROWS;
	struct table_request r;

	if (m->slot == NULL) {
		m->source = random / 16 % SOURCES;
		r = request(row, m->source);
		if ((random & 64 ? admit_and_name(&r, &m->slot) : table_admit(t, &r, &m->slot)) == REFUSED_NOT)
			hold(m, row);
	} else if (random & 8) {
		uint32_t before = m->slot->row;

		/* Not held by our own account while it moves: another may have the old place before we have said so. */
		let_go(m, before);
		r = request(row, m->source);
		hold(m, table_become(t, m->slot, &r) == REFUSED_NOT ? row : before);
	} else {
		give_back(m);
	}
}

/* turns 0: until killed. */
static _Noreturn void hammer(uint32_t seed, unsigned turns)
{
	struct mine mine[HELD_MAX] = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
	for (unsigned i = 0; turns == 0 || i < turns; i++) {
		change(&mine[i % HELD_MAX], next_random(&seed));
		atomic_fetch_add(&held->turns, 1);
	}
	for (unsigned i = 0; i < HELD_MAX; i++)
		if (mine[i].slot != NULL)
			give_back(&mine[i]);
	_exit(0);
}

static pid_t start_hammer(uint32_t seed, unsigned turns)
{
	pid_t pid = fork();

	if (pid == 0)
		hammer(seed, turns);
	assert_true(pid > 0);
	return pid;
}

/* ---- what must hold when nobody is left ---- */

static unsigned admit_all(struct table *of, uint32_t row, unsigned source, enum refusal expected)
{
	struct table_request r = request(row, source);
	struct table_slot *slot;
	enum refusal refused;
	unsigned n = 0;

	while ((refused = table_admit(of, &r, &slot)) == REFUSED_NOT)
		n++;
	assert_int_equal(refused, expected);
	return n;
}

static void expect_empty(struct table *of)
{
	uint32_t me = (uint32_t)getpid();

	assert_int_equal(table_count(of), 0);
	for (uint32_t row = 0; row < ROWS; row++)
		assert_int_equal(table_row_count(of, row), 0);
	for (uint32_t i = 0; i < table_slots(of); i++)
		assert_int_equal(table_slot_at(of, i)->owner, 0);
	/* Each cap lets in exactly as many as it says, so no count is too high or too low. */
	for (unsigned source = 0; source < SOURCES; source++) {
		for (uint32_t row = 0; row < ROWS; row++) {
			assert_int_equal(admit_all(of, row, source, REFUSED_SOURCE), SOURCE_ROW_CAP);
			assert_int_equal(table_release_owner(of, me), SOURCE_ROW_CAP);
		}
		assert_int_equal(admit_all(of, 0, source, REFUSED_SOURCE), SOURCE_ROW_CAP);
		assert_int_equal(admit_all(of, 1, source, REFUSED_SOURCE), SOURCE_CAP - SOURCE_ROW_CAP);
		assert_int_equal(table_release_owner(of, me), SOURCE_CAP);
	}
}

TEST(no_cap_is_exceeded_and_nothing_is_left_by_processes_at_once)
{
	enum { PROCESSES = 4, TURNS = 30000 };

	for (uint32_t i = 0; i < PROCESSES; i++)
		start_hammer(0x9E3779B9 * (i + 1), TURNS);
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(held->exceeded, 0);
	assert_true(held->admitted > TURNS / 10);
	expect_empty(t);
}

/* ---- killed ---- */

/* As the supervisor does it: the slots first, then the pid may be another's. */
static void bury(pid_t pid)
{
	siginfo_t info;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	table_release_owner(t, (uint32_t)pid);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void kill_at_random(uint32_t seed)
{
	enum { PROCESSES = 3, KILLS = 150 };
	pid_t pids[PROCESSES];

	for (uint32_t i = 0; i < PROCESSES; i++)
		pids[i] = start_hammer(seed + i, 0);
	for (uint32_t i = 0; i < KILLS; i++) {
		uint64_t until = atomic_load(&held->turns) + next_random(&seed) % 500;

		while (atomic_load(&held->turns) < until)
			sched_yield();
		assert_true(table_count(t) <= TOTAL_CAP);
		bury(pids[i % PROCESSES]);
		pids[i % PROCESSES] = start_hammer(seed, 0);
	}
	for (unsigned i = 0; i < PROCESSES; i++)
		bury(pids[i]);
	assert_true(table_repair(t));
	expect_empty(t);
}

TEST(processes_killed_at_random_leave_nothing)
{
	kill_at_random(1);
}

#define CANNOT_BE_TRACED 77

/* One round of everything, stopped before its first step. */
static _Noreturn void traced(void)
{
	struct table_request r = request(0, 0), other = request(1, 0);
	struct table_slot *slot, *taken = NULL;

	other.row_per_source = 1;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(CANNOT_BE_TRACED);
	raise(SIGSTOP);
	for (int second = 0; second < 2; second++) { /* the second time row 1 has all it may have of this source */
		if (table_admit(t, &r, &slot) != REFUSED_NOT || (second && table_admit(t, &other, &taken) != REFUSED_NOT))
			_exit(1);
		if (table_become(t, slot, &other) != (second ? REFUSED_SOURCE : REFUSED_NOT))
			_exit(2);
		table_release(t, slot, r.owner);
		if (admit_and_name(&r, &slot) != REFUSED_NOT)
			_exit(3);
		table_release(t, slot, r.owner);
		if (admit_and_name(&other, &slot) != (second ? REFUSED_SOURCE : REFUSED_NOT))
			_exit(4);
		if (!second)
			table_release(t, slot, r.owner);
		if (second)
			table_release(t, taken, r.owner);
	}
	_exit(0);
}

/* What would be if the process died now, tried on a copy. */
static void die_in_a_copy(struct table *copy, pid_t pid)
{
	memcpy((void *)copy->words, (const void *)t->words, table_bytes(SLOTS));
	assert_true(table_release_owner(copy, (uint32_t)pid) <= 2);
	assert_true(table_repair(copy));
	expect_empty(copy);
}

/* Each state that the process leaves in the memory after any of its instructions. Returns its exit status. */
static int step_through(pid_t pid, unsigned *ret_states)
{
	struct table *copy = make_table(SLOTS), *seen = make_table(SLOTS);
	int status;

	*ret_states = 0;
	for (assert_int_equal(waitpid(pid, &status, 0), pid); WIFSTOPPED(status);) {
		if (memcmp((const void *)seen->words, (const void *)t->words, table_bytes(SLOTS)) != 0) {
			memcpy((void *)seen->words, (const void *)t->words, table_bytes(SLOTS));
			die_in_a_copy(copy, pid);
			++*ret_states;
		}
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	drop_table(copy, SLOTS);
	drop_table(seen, SLOTS);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(a_process_killed_at_any_instruction_leaves_nothing)
{
	unsigned states;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		traced();
	status = step_through(pid, &states);
	if (status == CANNOT_BE_TRACED) { /* where that is forbidden: more chance instead of every case */
		for (uint32_t seed = 100; seed < 1000; seed += 100)
			kill_at_random(seed);
		return;
	}
	assert_int_equal(status, 0);
	assert_true(states > 100);
	expect_empty(t);
}

#define PREPARED(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(no_cap_is_exceeded_and_nothing_is_left_by_processes_at_once),
		PREPARED(processes_killed_at_random_leave_nothing),
		PREPARED(a_process_killed_at_any_instruction_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
