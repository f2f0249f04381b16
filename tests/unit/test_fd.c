/* SPDX-License-Identifier: MIT */
/* Descriptors: closed by themselves, written whole, and never on 0, 1 or 2 by accident. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int open_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

TEST(a_descriptor_is_closed_when_its_variable_ends)
{
	int seen;

	{
		cleanup_fd int fd = open_null();

		seen = fd;
		assert_true(is_open(seen));
	}
	assert_false(is_open(seen));
}

TEST(a_taken_descriptor_stays_open)
{
	int taken;

	{
		cleanup_fd int fd = open_null();

		taken = fd_take(&fd);
		assert_int_equal(fd, -1);
	}
	assert_true(is_open(taken));
	fd_close(&taken);
	assert_int_equal(taken, -1);
}

TEST(closing_keeps_errno_and_may_be_repeated)
{
	int bad = 1 << 20; /* open nowhere: close fails */

	errno = ENOENT;
	fd_close(&bad);
	fd_close(&bad);
	assert_int_equal(errno, ENOENT);
}

TEST(flags_change_alone)
{
	cleanup_fd int fd = open("/dev/null", O_WRONLY | O_APPEND);

	assert_int_equal(fd_set_nonblocking(fd), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_APPEND | O_ACCMODE), O_NONBLOCK | O_APPEND | O_WRONLY);
	assert_int_equal(fd_set_cloexec(fd, true), 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fd_set_cloexec(fd, false), 0);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_int_equal(fd_set_nonblocking(-1), -EBADF);
	assert_int_equal(fd_set_cloexec(-1, true), -EBADF);
}

/* In a child: writes 1 MiB, more than any pipe takes at once, and says by its exit code what came of it. */
static pid_t start_writer(int to)
{
	static char block[1 << 20];
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		memset(block, 'w', sizeof(block));
		_exit(fd_set_nonblocking(to) == 0 && fd_write_all(to, block, sizeof(block)) == 0 ? 0 : 1);
	}
	return pid;
}

TEST(all_is_written_to_a_slow_non_blocking_reader)
{
	static char block[4096];
	int ends[2], status;
	size_t got = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = start_writer(ends[1]);
	fd_close(&ends[1]);
	while ((n = read(ends[0], block, sizeof(block))) > 0) {
		got += (size_t)n;
		assert_int_equal(block[n - 1], 'w');
	}
	fd_close(&ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(got, 1 << 20);
}

TEST(a_failed_write_is_told)
{
	assert_int_equal(fd_write_all(-1, "x", 1), -EBADF);
	assert_int_equal(fd_write_all(-1, "x", 0), 0);
}

/* In a child: 0 and 2 closed, then filled; a descriptor opened afterwards must not land there. */
static int fill_in_child(void)
{
	struct stat before, after, null, filled;
	int next;

	if (fstat(1, &before) < 0 || stat("/dev/null", &null) < 0)
		return 1;
	close(0);
	close(2);
	if (fd_fill_standard() < 0 || fstat(1, &after) < 0 || fstat(0, &filled) < 0 || filled.st_rdev != null.st_rdev)
		return 2;
	if (before.st_ino != after.st_ino || fstat(2, &filled) < 0 || filled.st_rdev != null.st_rdev)
		return 3;
	next = open("/dev/null", O_RDONLY);
	return next > 2 ? 0 : 4;
}

TEST(closed_standard_descriptors_become_dev_null)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(fill_in_child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* In a child: everything but the standard ones and two others closed. The answer: which of 3..40 are open, as bits. */
static uint64_t open_after_closing_all_but(const int *keep, size_t n)
{
	uint64_t bits = 0;

	for (int fd = 3; fd <= 40; fd++)
		dup2(STDIN_FILENO, fd);
	fd_close_all_but(keep, n);
	for (int fd = 0; fd <= 40; fd++)
		bits |= is_open(fd) ? UINT64_C(1) << fd : 0;
	return bits;
}

TEST(all_but_the_kept_descriptors_are_closed)
{
	static const int keep[] = { 20, -1, 3, 21, 20, 1 };
	int ends[2], status;
	uint64_t bits = 0;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[0], STDIN_FILENO); /* any that is open */
		bits = open_after_closing_all_but(keep, array_n(keep));
		_exit(write(STDOUT_FILENO, &bits, sizeof(bits)) == sizeof(bits) ? 0 : 1);
	}
	fd_close(&ends[1]);
	assert_int_equal(read(ends[0], &bits, sizeof(bits)), sizeof(bits));
	fd_close(&ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(bits == (7 | 1 << 3 | 1 << 20 | 1 << 21));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_descriptor_is_closed_when_its_variable_ends),
		cmocka_unit_test(a_taken_descriptor_stays_open),
		cmocka_unit_test(closing_keeps_errno_and_may_be_repeated),
		cmocka_unit_test(flags_change_alone),
		cmocka_unit_test(all_is_written_to_a_slow_non_blocking_reader),
		cmocka_unit_test(a_failed_write_is_told),
		cmocka_unit_test(closed_standard_descriptors_become_dev_null),
		cmocka_unit_test(all_but_the_kept_descriptors_are_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
