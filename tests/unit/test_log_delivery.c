/* SPDX-License-Identifier: MIT */
/* Log lines on their way: a reader who does not read never stops the daemon, and each lost line is counted. */
#include "test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "log_capture.h"

/* Reads all that is in a pipe into got. The bytes. */
static size_t read_pipe(int fd)
{
	size_t n = 0;
	ssize_t r;

	assert_int_equal(fd_set_nonblocking(fd), 0);
	while (n < sizeof(got) - 1 && (r = read(fd, got + n, sizeof(got) - 1 - n)) > 0)
		n += (size_t)r;
	got[n] = '\0';
	return n;
}

/* Logs n numbered lines of 2000 bytes; how many were lost of them. */
static uint64_t say_many(unsigned n)
{
	uint64_t before = log_lost();

	for (unsigned i = 0; i < n; i++)
		log_say(LOG_LEVEL_NOTICE, "many", "%01900u", i);
	return log_lost() - before;
}

TEST(a_reader_who_stopped_costs_lines_and_each_is_counted)
{
	uint64_t lost;

	capture(LOG_LEVEL_NOTICE, LOG_FORMAT_TEXT);
	lost = say_many(2000); /* 4 MB: more than any socket takes */
	log_back();
	assert_true(lost > 0 && lost < 2000);
	for (uint64_t left = 2000 - lost, n; left > 0; left -= n) {
		read_all(pair[0]);
		n = lines_in(got);
		assert_true(n > 0 && n <= left);
		if (got[strlen(got) - 1] != '\n') /* the rest of this line is in the next part */
			assert_true(strlen(got) == sizeof(got) - 1);
	}
	read_all(pair[0]);
	assert_string_equal(got, "");
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

TEST(a_full_pipe_costs_lines_and_keeps_its_flags)
{
	int ends[2], flags;
	uint64_t lost;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) > 0);
	log_set(LOG_LEVEL_NOTICE, LOG_FORMAT_TEXT);
	log_to(ends[1]);
	flags = fcntl(ends[1], F_GETFL);
	lost = say_many(200);
	log_back();
	assert_int_equal(flags & O_NONBLOCK, 0); /* the shell's own descriptor, perhaps */
	assert_true(read_pipe(ends[0]) > 0);
	assert_int_equal(lines_in(got) + lost, 200);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

/* log_open where nothing can be opened: as for a stream that belongs to another user, or without /proc. */
static void open_without_descriptors(void)
{
	struct rlimit limit, none;

	getrlimit(RLIMIT_NOFILE, &limit);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = limit.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	log_open();
	setrlimit(RLIMIT_NOFILE, &limit);
}

TEST(a_pipe_that_cannot_be_reopened_does_not_block_either)
{
	uint64_t lost, lost_alone;
	int ends[2], own;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	log_set(LOG_LEVEL_NOTICE, LOG_FORMAT_TEXT);
	log_to(ends[1]);
	open_without_descriptors();
	own = log_fd();
	lost = say_many(200);
	log_back();
	read_pipe(ends[0]);
	assert_int_equal(own, -1);
	assert_true(lost > 0 && lost < 200);
	assert_int_equal(lines_in(got) + lost, 200);

	fd_close(&ends[0]); /* and where the reader is gone */
	log_to(ends[1]);
	open_without_descriptors();
	lost_alone = say_many(3);
	log_back();
	assert_int_equal(lost_alone, 3);
	fd_close(&ends[1]);
}

static FILE *temporary_file(void)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	return f;
}

static void read_file(FILE *f)
{
	size_t n = (rewind(f), fread(got, 1, sizeof(got) - 1, f));

	got[n] = '\0';
}

TEST(lines_are_appended_to_a_file)
{
	FILE *f = temporary_file();

	fputs("before\n", f);
	fflush(f);
	log_set(LOG_LEVEL_NOTICE, LOG_FORMAT_TEXT);
	log_to(fileno(f));
	log_say(LOG_LEVEL_NOTICE, "e", "x");
	log_back();
	read_file(f);
	fclose(f);
	assert_string_equal(got, "before\nnotice e: x\n");
}

TEST(who_writes_to_the_file_after_us_overwrites_nothing)
{
	FILE *f = temporary_file();

	log_set(LOG_LEVEL_NOTICE, LOG_FORMAT_TEXT);
	log_to(fileno(f));
	log_say(LOG_LEVEL_NOTICE, "e", "x");
	log_back();
	fputs("after\n", f);
	fflush(f);
	read_file(f);
	fclose(f);
	assert_string_equal(got, "notice e: x\nafter\n");
}

TEST(a_line_torn_by_a_full_disk_does_not_swallow_the_next)
{
	struct rlimit limit, small;
	FILE *f = temporary_file();
	uint64_t before, lost;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = (struct rlimit){ .rlim_cur = 10, .rlim_max = limit.rlim_max };
	log_set(LOG_LEVEL_NOTICE, LOG_FORMAT_TEXT);
	log_to(fileno(f));
	before = log_lost();
	setrlimit(RLIMIT_FSIZE, &small);
	log_say(LOG_LEVEL_NOTICE, "first", "x");
	log_say(LOG_LEVEL_NOTICE, "second", "x");
	setrlimit(RLIMIT_FSIZE, &limit);
	log_say(LOG_LEVEL_NOTICE, "third", "x");
	log_say(LOG_LEVEL_NOTICE, "fourth", "x");
	lost = log_lost() - before;
	log_back();
	read_file(f);
	fclose(f);
	assert_string_equal(got, "notice fir\nnotice third: x\nnotice fourth: x\n");
	assert_int_equal(lost, 2);
}

TEST(a_closed_standard_error_loses_lines_only)
{
	uint64_t before = log_lost(), lost;
	int own;

	log_set(LOG_LEVEL_NOTICE, LOG_FORMAT_TEXT);
	log_to(STDERR_FILENO);
	close(STDERR_FILENO);
	log_open();
	own = log_fd();
	log_say(LOG_LEVEL_NOTICE, "e", "x");
	lost = log_lost() - before;
	log_back();
	assert_int_equal(own, -1);
	assert_int_equal(lost, 1);
}

TEST(the_logs_own_descriptor_is_none_of_the_first_three)
{
	int own, saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(STDIN_FILENO);
	log_to(ends[1]);
	own = log_fd();
	log_back();
	if (saved >= 0)
		dup2(saved, STDIN_FILENO);
	fd_close(&saved);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	assert_true(own > STDERR_FILENO);
}

TEST(opening_again_leaves_no_descriptor_behind)
{
	int first, last, ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	log_to(ends[1]);
	first = log_fd();
	for (int i = 0; i < 100; i++)
		log_open();
	last = log_fd();
	log_back();
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	assert_true(first >= 0);
	assert_int_equal(first, last);
}

TEST(lost_lines_are_counted_in_the_shared_word)
{
	static _Atomic uint64_t word = 40;
	uint64_t before = log_lost();

	log_count_lost_in(&word);
	log_to(STDERR_FILENO);
	close(STDERR_FILENO);
	log_open();
	say_many(2);
	log_back();
	assert_int_equal(word, 42);
	assert_int_equal(log_lost(), 42);
	log_count_lost_in(NULL);
	assert_int_equal(log_lost(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_who_stopped_costs_lines_and_each_is_counted),
		cmocka_unit_test(a_full_pipe_costs_lines_and_keeps_its_flags),
		cmocka_unit_test(a_pipe_that_cannot_be_reopened_does_not_block_either),
		cmocka_unit_test(lines_are_appended_to_a_file),
		cmocka_unit_test(who_writes_to_the_file_after_us_overwrites_nothing),
		cmocka_unit_test(a_line_torn_by_a_full_disk_does_not_swallow_the_next),
		cmocka_unit_test(a_closed_standard_error_loses_lines_only),
		cmocka_unit_test(the_logs_own_descriptor_is_none_of_the_first_three),
		cmocka_unit_test(opening_again_leaves_no_descriptor_behind),
		cmocka_unit_test(lost_lines_are_counted_in_the_shared_word),
	};

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
