/* SPDX-License-Identifier: MIT */
/* Whole workers, each a process of its own as the supervisor would fork it: what a client and the supervisor see. */
#include "test.h"
#include "worker_desk.h"
#include "log_capture.h"

/* The worker exits by itself, without an error. */
static void expect_good_end(struct desk *d)
{
	int status;

	assert_int_equal(waitpid(d->pid, &status, 0), d->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void expect_answer_to_the_end(int fd)
{
	char answer[256];
	ssize_t n, all = 0;

	while ((n = recv(fd, answer, sizeof(answer), 0)) > 0)
		all += n;
	assert_int_equal(n, 0);
	assert_true(all > 0);
}

TEST(fork_leaves_no_process_behind_a_session_that_lingered)
{
	struct desk d;
	const struct listener *l;
	int fd;

	desk_begin(&d, POOL_FORK, 8);
	l = desk_listen(&d, "daytime", TRANSPORT_TCP, AF_INET);
	desk_fork(&d);
	fd = desk_dial(l, SOCK_STREAM);
	expect_answer_to_the_end(fd); /* it has said all, and drains now */
	close(fd);
	desk_tell(&d, CHANNEL_DRAIN);
	expect_good_end(&d);
	/* A child that outlived the acceptor would be ours now. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	desk_end(&d);
}

/* The supervisor's own settings change only after all workers of a reload are ready. */
TEST(a_worker_logs_as_its_own_settings_say)
{
	struct desk d;
	const struct listener *l;
	int fd;

	desk_begin(&d, POOL_PREFORK, 1);
	l = desk_listen(&d, "daytime", TRANSPORT_TCP, AF_INET);
	d.settings.log.level = LOG_LEVEL_INFO;
	d.settings.log.format = LOG_FORMAT_JSON;
	d.settings.log.sessions = true;
	capture(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	desk_fork(&d);
	fd = desk_dial(l, SOCK_STREAM);
	expect_answer_to_the_end(fd);
	close(fd);
	desk_tell(&d, CHANNEL_DRAIN);
	expect_good_end(&d);
	captured();
	assert_non_null(strstr(got, "\"event\":\"session\""));
	desk_end(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fork_leaves_no_process_behind_a_session_that_lingered),
		cmocka_unit_test(a_worker_logs_as_its_own_settings_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
