/* SPDX-License-Identifier: MIT */
/* What all processes share: the clock's state in one word, sums over processes, and what a dead one leaves. */
#include "test.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/shared.h"

static struct shared *shared;
static struct table table;

static int begin(void **state maybe_unused)
{
	if (shared_map(NULL, &shared) < 0)
		return -1;
	shared_table(shared, 1, &table);
	return 0;
}

/* All of it: a machine of 32 bits has no room for four. */
static int end(void **state maybe_unused)
{
	struct counters *behind = shared_counters(shared, SHARED_RECORDS_MAX);

	return munmap(shared, (size_t)((char *)behind - (char *)shared));
}

/* A session of a process under row `row` and nobody's cap. */
static struct table_slot *admit(uint32_t owner, uint32_t row)
{
	struct table_request r = { .owner = owner,
				   .row = row,
				   .now_ns = 1,
				   .peer = { .family = AF_INET, .bytes = { 192, 0, 2, 1 } },
				   .per_source = 100,
				   .source_bits_v4 = 32 };
	struct table_slot *slot = NULL;

	assert_int_equal(table_admit(&table, &r, &slot), REFUSED_NOT);
	counters_add(&shared_counters(shared, 0)[row].sessions, 1);
	return slot;
}

static void owe(struct table_slot *slot, uint64_t bytes)
{
	atomic_fetch_add(&shared->buffer_bytes, bytes);
	atomic_fetch_add(&slot->owed_bytes, bytes);
}

TEST(the_clock_s_state_survives_its_packing)
{
	static const struct clock_status rows[] = {
		{ .state = CLOCK_UNKNOWN },
		{ .state = CLOCK_SYNCHRONISED, .max_error_us = 1, .tai_offset_s = 37 },
		{ .state = CLOCK_SYNCHRONISED, .max_error_us = 16000000, .leap_insert = true },
		{ .state = CLOCK_UNSYNCHRONISED, .max_error_us = INT64_C(1) << 54, .leap_delete = true },
		{ .state = CLOCK_UNKNOWN, .failed = true },
	};

	for (size_t i = 0; i < array_n(rows); i++) {
		struct clock_status got;

		shared_set_clock(shared, &rows[i]);
		got = shared_clock(shared);
		assert_int_equal(got.state, rows[i].state);
		assert_int_equal(got.failed, rows[i].failed);
		assert_int_equal(got.leap_insert, rows[i].leap_insert);
		assert_int_equal(got.leap_delete, rows[i].leap_delete);
		assert_int_equal(got.max_error_us, rows[i].max_error_us);
		assert_int_equal(got.tai_offset_s, rows[i].tai_offset_s);
	}
}

TEST(a_row_is_summed_over_all_processes_that_ever_were)
{
	struct counters sum;

	for (uint32_t i = 0; i < 3; i++) {
		atomic_store(&shared->records[i].pid, 100 + i);
		counters_add(&shared_counters(shared, i)[5].sessions, 10 + i);
		counters_add(&shared_counters(shared, i)[5].refused[REFUSED_SOURCE], 1);
		counters_add(&shared_counters(shared, i)[6].sessions, 1000);
	}
	atomic_store(&shared->records[1].state, RECORD_FREE); /* gone: what it counted stays counted */
	memset(&sum, 0xFF, sizeof(sum));
	shared_sum_row(shared, SHARED_RECORDS_MAX, 5, &sum);
	assert_int_equal(sum.sessions, 33);
	assert_int_equal(sum.refused[REFUSED_SOURCE], 3);
	assert_int_equal(sum.received_bytes, 0);
}

TEST(what_a_dead_process_held_is_free_again)
{
	struct table_slot *mine = admit(77, 1), *other = admit(78, 1);
	uint64_t owed = atomic_load(&shared->buffer_bytes);

	admit(77, 2);
	owe(mine, 65536);
	owe(other, 131072);
	assert_int_equal(shared_release_owner(shared, &table, 77), 2);
	assert_int_equal(table_count(&table), 1);
	assert_int_equal(table_row_count(&table, 1), 1);
	assert_int_equal(table_row_count(&table, 2), 0);
	assert_int_equal(atomic_load(&shared->buffer_bytes), owed + 131072);
	assert_int_equal(shared_counters(shared, 0)[1].sessions - shared_counters(shared, 0)[1].sessions_ended, 1);
	assert_int_equal(shared_counters(shared, 0)[2].sessions - shared_counters(shared, 0)[2].sessions_ended, 0);
	/* Once is enough: a second time nothing is found. */
	assert_int_equal(shared_release_owner(shared, &table, 77), 0);
	assert_int_equal(atomic_load(&shared->buffer_bytes), owed + 131072);
	assert_int_equal(shared_release_owner(shared, &table, 78), 1);
	assert_int_equal(atomic_load(&shared->buffer_bytes), owed);
}

TEST(what_a_process_writes_the_others_see)
{
	struct table_slot *slot;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		slot = admit((uint32_t)getpid(), 3);
		owe(slot, 65536);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(table_row_count(&table, 3), 1);
	assert_int_equal(atomic_load(&shared->buffer_bytes), 65536);
	assert_int_equal(shared_release_owner(shared, &table, (uint32_t)pid), 1);
	assert_int_equal(atomic_load(&shared->buffer_bytes), 0);
}

/* Who reads behind the end of a file that was cut off is killed. */
TEST(nobody_can_cut_the_memory_off)
{
	struct shared *other = NULL;
	int fd = -1;

	assert_int_equal(shared_map(&fd, &other), 0);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(errno, EPERM);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_can_cut_the_memory_off),
		cmocka_unit_test_setup_teardown(the_clock_s_state_survives_its_packing, begin, end),
		cmocka_unit_test_setup_teardown(a_row_is_summed_over_all_processes_that_ever_were, begin, end),
		cmocka_unit_test_setup_teardown(what_a_dead_process_held_is_free_again, begin, end),
		cmocka_unit_test_setup_teardown(what_a_process_writes_the_others_see, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
