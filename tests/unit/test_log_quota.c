/* SPDX-License-Identifier: MIT */
/* An event that comes too often: some lines a second, and the exact count of the others. */
#include "test.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log_quota.h"

#define TRIES 1000
#define PROCESSES 4

static struct log_quota *shared;

static int set_up(void **state maybe_unused)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(shared, MAP_FAILED);
	log_quota_share(shared);
	log_set(LOG_LEVEL_WARNING, LOG_FORMAT_TEXT);
	return 0;
}

static uint64_t withheld_of(const char *event)
{
	char name[LOG_QUOTA_EVENT_BYTES + 1];
	uint64_t sum = 0;

	for (unsigned i = 0; i < LOG_QUOTA_EVENTS; i++) {
		uint64_t n = log_quota_withheld(i, name);
		if (strcmp(name, event) == 0)
			sum += n;
	}
	return sum;
}

static unsigned take(const char *event, unsigned tries)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < tries; i++)
		taken += log_quota_take(LOG_LEVEL_WARNING, event);
	return taken;
}

/* The second may end meanwhile, so more than one second's lines may be written; lines and withheld are all there were. */
TEST(of_many_lines_some_are_written_and_all_others_are_counted)
{
	unsigned taken = take("died", TRIES);

	assert_in_range(taken, LOG_QUOTA_PER_S, TRIES - 1);
	assert_int_equal(taken % LOG_QUOTA_PER_S, 0);
	assert_int_equal(withheld_of("died"), TRIES - taken);
	assert_int_equal(withheld_of("died"), 0); /* they are told once */
}

TEST(an_event_that_comes_often_silences_no_other)
{
	take("died", TRIES);
	assert_true(log_quota_take(LOG_LEVEL_WARNING, "session"));
	assert_int_equal(withheld_of("session"), 0);
}

TEST(a_line_below_the_level_is_neither_written_nor_counted)
{
	for (unsigned i = 0; i < TRIES; i++)
		assert_false(log_quota_take(LOG_LEVEL_INFO, "detail"));
	assert_int_equal(withheld_of("detail"), 0);
}

TEST(events_beyond_the_room_have_no_limit)
{
	char event[] = "event_a";

	for (unsigned i = 0; i < LOG_QUOTA_EVENTS; i++, event[6]++)
		assert_true(log_quota_take(LOG_LEVEL_WARNING, event));
	assert_int_equal(take("another", TRIES), TRIES);
}

TEST(processes_share_a_quota_and_lose_no_count)
{
	unsigned taken = 0;

	for (int p = 0; p < PROCESSES; p++) {
		int pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			unsigned n = take("died", TRIES);
			_exit(n > 250 ? 255 : (int)n);
		}
	}
	for (int p = 0; p < PROCESSES; p++) {
		int status;
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 255);
		taken += (unsigned)WEXITSTATUS(status);
	}
	assert_int_equal(withheld_of("died"), PROCESSES * TRIES - taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(of_many_lines_some_are_written_and_all_others_are_counted, set_up),
		cmocka_unit_test_setup(an_event_that_comes_often_silences_no_other, set_up),
		cmocka_unit_test_setup(a_line_below_the_level_is_neither_written_nor_counted, set_up),
		cmocka_unit_test_setup(events_beyond_the_room_have_no_limit, set_up),
		cmocka_unit_test_setup(processes_share_a_quota_and_lose_no_count, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
