/* SPDX-License-Identifier: MIT */
/* A stream that comes faster than a buffer at a time, to a process whose calls are interrupted. */
#include "test.h"

#include <errno.h>

#include "worker_desk.h"

/* In the place of libc's, which a compiler that checks sizes calls by another name. */
ssize_t recv_of_test(int fd, void *to, size_t n, int flags) __asm__("recv");
ssize_t recv_chk_of_test(int fd, void *to, size_t n, size_t cap, int flags) __asm__("__recv_chk");

static unsigned interruptions; /* still to come, where bytes are taken that were looked at */

ssize_t recv_of_test(int fd, void *to, size_t n, int flags)
{
	if (interruptions && (flags & MSG_TRUNC)) {
		interruptions--;
		errno = EINTR;
		return -1;
	}
	return recvfrom(fd, to, n, flags, NULL, NULL);
}

ssize_t recv_chk_of_test(int fd, void *to, size_t n, size_t cap, int flags)
{
	assert_true(n <= cap);
	return recv_of_test(fd, to, n, flags);
}

TEST(an_interrupted_call_is_no_end_of_a_fast_stream)
{
	static uint8_t sent[400000], got[sizeof(sent)];
	size_t sent_n = 0, got_n = 0;
	struct desk d;
	int fd;

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 31 + i / 251);
	desk_begin(&d, POOL_EVENT, 4);
	desk_listen(&d, "echo", TRANSPORT_TCP, AF_INET);
	desk_worker(&d);
	fd = desk_connect(&d, &d.listeners[0], 0);
	interruptions = 2;
	while (got_n < sizeof(sent)) {
		ssize_t n = send(fd, sent + sent_n, sizeof(sent) - sent_n, MSG_NOSIGNAL);

		sent_n += n > 0 ? (size_t)n : 0;
		desk_turn(&d);
		n = recv(fd, got + got_n, sizeof(got) - got_n, MSG_DONTWAIT);
		assert_true(n > 0 || (n < 0 && errno == EAGAIN));
		got_n += n > 0 ? (size_t)n : 0;
	}
	assert_memory_equal(sent, got, sizeof(sent));
	assert_int_equal(interruptions, 0);
	assert_int_equal(d.w.sessions, 1);
	close(fd);
	desk_end(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(an_interrupted_call_is_no_end_of_a_fast_stream) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
