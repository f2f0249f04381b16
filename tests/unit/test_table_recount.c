/* SPDX-License-Identifier: MIT */
/* The session table: a count in doubt is counted anew while sessions move and change places, at any moment of that. */
#include "test.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared_table.h"

#define SLOTS 8
#define CANNOT_BE_TRACED 77

static struct table *t;
static struct table_slot *moves; /* this process's, in row 1 */

static int make(void **state maybe_unused)
{
	t = make_table(SLOTS);
	return 0;
}

static int drop(void **state maybe_unused)
{
	drop_table(t, SLOTS);
	return 0;
}

/* ---- processes of a step at a time ---- */

/* A child that does something, stopped before its first step. */
static pid_t start(void (*act)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(CANNOT_BE_TRACED);
		raise(SIGSTOP);
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSTOPPED(status))
		skip(); /* where tracing is forbidden */
	return pid;
}

/* False: the process has ended. */
static bool step(pid_t pid)
{
	int status;

	assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSTOPPED(status);
}

static void finish(pid_t pid)
{
	int status;

	assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
}

/* ---- what they do ---- */

static void admit_to_row_0(void)
{
	struct table_request r = request_of((uint32_t)getpid(), 0, "192.0.2.1");
	struct table_slot *slot;

	(void)table_admit(t, &r, &slot);
}

static void move_to_row_0(void)
{
	struct table_request r = request_of((uint32_t)getppid(), 0, "192.0.2.2");

	(void)table_become(t, moves, &r);
}

static void give_way_to_one_in_row_0(void)
{
	struct table_request r = request_of((uint32_t)getppid(), 0, "192.0.2.2");

	table_release(t, moves, r.owner);
	(void)table_admit(t, &r, &moves);
}

static void repair(void)
{
	(void)table_repair(t);
}

/* ---- moments between their steps ---- */

#define BEGUN_SHIFT 8 /* caps.c's: what is begun in a slot's `counted` is above what is done */

static bool is_counted_in_both_rows(void)
{
	return table_row_count(t, 0) == 2 && (moves->counted >> BEGUN_SHIFT & 0xFF) == 0;
}

static bool is_at_once(void)
{
	return true;
}

static bool has_the_other_row(void)
{
	return moves->owner == (uint32_t)getpid() && moves->row == 0;
}

/* Leaves the count of row 0 in doubt, as a process that dies while it counts. */
static struct table_slot *leave_in_doubt(void)
{
	struct table_slot *slot = table_slot_at(t, 0);
	pid_t pid = start(admit_to_row_0);

	while (table_row_count(t, 0) == 0)
		assert_true(step(pid));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	table_release(t, slot, (uint32_t)pid);
	assert_int_equal(slot->owner, TABLE_LOST);
	return slot;
}

struct order {
	void (*act)(void);
	bool (*first)(void);  /* how far the act has come before so many steps of the repair */
	bool (*second)(void); /* and before the rest of the repair                           */
};

/* False: the repair is done by then. */
static bool interleave(const struct order *o, unsigned steps)
{
	struct table_request r = request_of((uint32_t)getpid(), 1, "192.0.2.2");
	struct table_slot *in_doubt = leave_in_doubt();
	bool repairs = true, acts = true;

	assert_int_equal(table_admit(t, &r, &moves), REFUSED_NOT);
	pid_t other = start(o->act), repairer = start(repair);
	while (!o->first())
		acts = step(other);
	for (unsigned i = 0; i < steps && repairs; i++)
		repairs = step(repairer) && in_doubt->owner == TABLE_LOST;
	while (acts && !o->second())
		acts = step(other);
	finish(repairer);
	if (acts)
		finish(other);
	assert_true(table_repair(t));
	assert_int_equal(table_row_count(t, 0), 1);
	assert_int_equal(table_row_count(t, 1), 0);
	assert_int_equal(table_release_owner(t, r.owner), 1);
	assert_int_equal(table_row_count(t, 0), 0);
	assert_int_equal(table_count(t), 0);
	return repairs;
}

/* Between reading that a session is counted and reading where, a repair has more instructions than STRIDE. */
static void interleave_everywhere(const struct order *o)
{
	enum { STRIDE = 12 };
	unsigned steps = 0;

	while (interleave(o, steps))
		steps += STRIDE;
	assert_true(steps > 100);
}

TEST(a_session_that_moves_during_a_recount_counts_once)
{
	interleave_everywhere(&(struct order){ move_to_row_0, is_counted_in_both_rows, has_the_other_row });
}

TEST(a_session_that_follows_another_during_a_recount_counts_once)
{
	interleave_everywhere(&(struct order){ give_way_to_one_in_row_0, is_at_once, has_the_other_row });
}

#define PREPARED(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(a_session_that_moves_during_a_recount_counts_once),
		PREPARED(a_session_that_follows_another_during_a_recount_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
