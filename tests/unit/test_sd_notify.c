/* SPDX-License-Identifier: MIT */
/* What the service manager hears: a socket of the test's own is the manager's. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/fd.h"
#include "generation/sd_notify.h"

static int manager;
static char words[1024];

/* Abstract; the kernel chooses the name. */
static int prepare(void **state maybe_unused)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	socklen_t n = sizeof(sa_family_t);
	char path[64] = "@";

	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(manager, (struct sockaddr *)&sun, n), 0);
	n = sizeof(sun);
	assert_int_equal(getsockname(manager, (struct sockaddr *)&sun, &n), 0);
	memcpy(path + 1, sun.sun_path + 1, n - sizeof(sa_family_t) - 1);
	return setenv("NOTIFY_SOCKET", path, 1);
}

static int clean(void **state maybe_unused)
{
	sd_notify_ready(); /* nothing is owed to the next test's manager */
	fd_close(&manager);
	sd_notify_ready();
	return unsetenv("NOTIFY_SOCKET") | unsetenv("WATCHDOG_USEC") | unsetenv("WATCHDOG_PID");
}

/* What the manager heard next; "" if nothing. */
static const char *heard(void)
{
	ssize_t n = recv(manager, words, sizeof(words) - 1, 0);

	words[n > 0 ? n : 0] = '\0';
	return words;
}

/* More than any queue of the kernel's takes (net.unix.max_dgram_qlen). */
static unsigned say_too_much(void)
{
	char qlen[16] = "512";
	cleanup_fd int fd = open("/proc/sys/net/unix/max_dgram_qlen", O_RDONLY | O_CLOEXEC);
	unsigned n = 0;

	if (fd >= 0)
		assert_true(read(fd, qlen, sizeof(qlen) - 1) > 0);
	for (; n < strtoul(qlen, NULL, 10) + 10; n++) {
		char number[16];
		snprintf(number, sizeof(number), "%u", n);
		sd_notify_status(number);
	}
	return n;
}

TEST(each_word_is_the_manual_s)
{
	uint64_t us;

	sd_notify_ready();
	assert_string_equal(heard(), "READY=1");
	sd_notify_stopping();
	assert_string_equal(heard(), "STOPPING=1");
	sd_notify_status("3 sessions open");
	assert_string_equal(heard(), "STATUS=3 sessions open");
	sd_notify_alive();
	assert_string_equal(heard(), "WATCHDOG=1");
	sd_notify_extend(5 * CLOCK_S_NS);
	assert_string_equal(heard(), "EXTEND_TIMEOUT_USEC=5000000");
	sd_notify_unstore("stored-1");
	assert_string_equal(heard(), "FDSTOREREMOVE=1\nFDNAME=stored-1");
	us = clock_mono_ns() / 1000;
	sd_notify_reloading();
	assert_int_equal(strncmp(heard(), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	assert_in_range(strtoull(words + 27, NULL, 10), us, clock_mono_ns() / 1000);
	assert_string_equal(heard(), "");
}

TEST(a_stored_descriptor_arrives_with_its_name)
{
	int pair[2];
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = words, .iov_len = sizeof(words) };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.room)
	};
	struct stat sent, got;
	int fd;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_true(sd_notify_store("stored-2", pair[0]));
	ssize_t n = recvmsg(manager, &m, MSG_CMSG_CLOEXEC);
	assert_true(n > 0);
	words[n] = '\0';
	assert_string_equal(words, "FDSTORE=1\nFDNAME=stored-2\nFDPOLL=0");
	assert_non_null(CMSG_FIRSTHDR(&m));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	assert_int_equal(fstat(pair[0], &sent), 0);
	assert_int_equal(fstat(fd, &got), 0);
	assert_int_equal(sent.st_ino, got.st_ino);
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

TEST(a_manager_that_does_not_read_holds_nobody_up_and_hears_the_last_word_later)
{
	unsigned last = say_too_much();
	char expected[32];

	sd_notify_reloading();
	sd_notify_ready();
	assert_false(sd_notify_store("stored-3", manager));
	for (unsigned n = 0; strncmp(heard(), "STATUS=", 7) == 0; n++) {
		snprintf(expected, sizeof(expected), "STATUS=%u", n);
		assert_string_equal(words, expected);
		assert_true(n < last); /* some were lost */
	}
	assert_string_equal(words, ""); /* all that it took has been read */
	sd_notify_status("on");
	assert_string_equal(heard(), "READY=1");
	assert_string_equal(heard(), "STATUS=on");
	assert_string_equal(heard(), "");
}

TEST(a_manager_that_is_nowhere_is_no_harm)
{
	static const char *const paths[] = {
		"", "@", "/", "relative", "/nonexistent/notify", "/dev/null", "@nobody-is-there"
	};
	char long_path[300];

	for (size_t i = 0; i < array_n(paths); i++) {
		setenv("NOTIFY_SOCKET", paths[i], 1);
		sd_notify_ready();
		sd_notify_last();
		sd_notify_status("x");
	}
	memset(long_path, '/', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	setenv("NOTIFY_SOCKET", long_path, 1);
	sd_notify_ready();
	unsetenv("NOTIFY_SOCKET");
	sd_notify_ready();
	assert_string_equal(heard(), "");
}

TEST(the_watchdog_is_ours_if_it_says_so)
{
	char pid[24];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_int_equal(sd_notify_watchdog_ns(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(sd_notify_watchdog_ns(), 30 * CLOCK_S_NS);
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(sd_notify_watchdog_ns(), 30 * CLOCK_S_NS);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(sd_notify_watchdog_ns(), 0);
	setenv("WATCHDOG_PID", "", 1);
	assert_int_equal(sd_notify_watchdog_ns(), 0);
	unsetenv("WATCHDOG_PID");
	static const char *const wrong[] = {
		"", "0", "-1", "many", "1s", " 1", "18446744073709551615", "99999999999999999999"
	};
	for (size_t i = 0; i < array_n(wrong); i++) {
		setenv("WATCHDOG_USEC", wrong[i], 1);
		assert_int_equal(sd_notify_watchdog_ns(), 0);
	}
}

#define PREPARED(f) cmocka_unit_test_setup_teardown(f, prepare, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(each_word_is_the_manual_s),
		PREPARED(a_stored_descriptor_arrives_with_its_name),
		PREPARED(a_manager_that_does_not_read_holds_nobody_up_and_hears_the_last_word_later),
		PREPARED(a_manager_that_is_nowhere_is_no_harm),
		PREPARED(the_watchdog_is_ours_if_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
