/* SPDX-License-Identifier: MIT */
/* slowed: sessions whose bytes are held back on purpose lose none, and cost what others cost. */
#include "test.h"

#include <errno.h>

#include "worker_desk.h"

static int begin(struct desk *d, const char *service, struct impair_rules rules)
{
	desk_begin(d, POOL_EVENT, 4);
	impairs_say(&desk_shared->impairs[0], NULL);
	desk_listen(d, service, TRANSPORT_UNIX, AF_UNIX);
	d->services[0].impair = rules;
	d->services[0].impairs = impair_does_anything(&rules);
	desk_worker(d);
	return desk_connect(d, &d->listeners[0], 0);
}

static uint64_t done(const struct desk *d, enum impaired what)
{
	return atomic_load(&d->w.counters[0].impaired[what]);
}

/* Turns the loop until n bytes came, or the end; how many. */
static size_t await(struct desk *d, int fd, uint8_t *to, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = recv(fd, to + got, n - got, MSG_DONTWAIT);
		if (r == 0)
			break;
		if (r > 0)
			got += (size_t)r;
		else
			assert_int_equal(loop_turn(&d->w.loop, CLOCK_NEVER), 0);
	}
	return got;
}

static void expect_nothing(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

TEST(every_byte_comes_back_late_and_then_the_end)
{
	static uint8_t sent[1 << 20], got[sizeof(sent)];
	struct desk d;
	size_t sent_n = 0, got_n = 0;
	int fd = begin(&d, "echo", (struct impair_rules){ .delay_ns = CLOCK_MS_NS, .drawn = { .jitter_ns = CLOCK_MS_NS } });

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 7 + i / 253);
	while (got_n < sizeof(got)) {
		size_t most = sizeof(sent) - sent_n < 30011 ? sizeof(sent) - sent_n : 30011;
		ssize_t n = most ? send(fd, sent + sent_n, most, MSG_DONTWAIT) : 0;
		sent_n += n > 0 ? (size_t)n : 0;
		if (sent_n == sizeof(sent))
			shutdown(fd, SHUT_WR);
		assert_int_equal(loop_turn(&d.w.loop, d.w.loop.now_ns + CLOCK_MS_NS), 0);
		n = recv(fd, got + got_n, sizeof(got) - got_n, MSG_DONTWAIT);
		got_n += n > 0 ? (size_t)n : 0;
	}
	assert_memory_equal(got, sent, sizeof(got));
	assert_int_equal(await(&d, fd, got, 1), 0);
	assert_int_equal(d.w.sessions, 0);
	assert_int_equal(atomic_load(&desk_shared->buffer_bytes), 0);
	assert_true(done(&d, IMPAIRED_DELAY) > 20);
	close(fd);
	desk_end(&d);
}

TEST(nothing_comes_before_its_time_and_a_client_that_sends_on_is_not_read_without_bound)
{
	static uint8_t bytes[65536];
	struct desk d;
	int fd = begin(&d, "echo", (struct impair_rules){ .delay_ns = 60 * CLOCK_S_NS });
	size_t sent = 0;
	ssize_t n;

	do {
		n = send(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		sent += n > 0 ? (size_t)n : 0;
		desk_turn(&d);
	} while (n > 0);
	expect_nothing(fd);
	assert_true(sent > 65536);
	assert_int_equal(atomic_load(&desk_shared->buffer_bytes), BUFFERS_BLOCK);
	assert_int_equal(loop_turn(&d.w.loop, 0), 0); /* it sleeps: what is there is not looked at again and again */
	sessions_end_all(&d.w);
	assert_int_equal(atomic_load(&desk_shared->buffer_bytes), 0);
	close(fd);
	desk_end(&d);
}

TEST(a_service_that_speaks_first_does_so_later)
{
	struct desk d;
	uint8_t got[64];
	int fd = begin(&d, "time", (struct impair_rules){ .delay_ns = 3 * CLOCK_MS_NS });

	expect_nothing(fd);
	assert_int_equal(await(&d, fd, got, sizeof(got)), 4);
	close(fd);
	desk_end(&d);
}

TEST(at_a_rate_an_answer_comes_in_pieces)
{
	static uint8_t bytes[5000], got[sizeof(bytes)];
	struct desk d;
	int fd = begin(&d, "echo", (struct impair_rules){ .rate_bytes_per_s = 50000 });
	ssize_t n;

	assert_int_equal(send(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	/* A turn writes a piece of 1,001 bytes at most, however long it takes. */
	for (n = -1; n < 0; n = recv(fd, got, sizeof(got), MSG_DONTWAIT))
		assert_int_equal(loop_turn(&d.w.loop, CLOCK_NEVER), 0);
	assert_in_range(n, 1, 1001);
	(void)await(&d, fd, got, 3000);
	assert_true(done(&d, IMPAIRED_RATE) >= 3);
	close(fd);
	desk_end(&d);
}

TEST(a_session_ends_after_so_many_bytes_and_is_counted)
{
	struct desk d;
	uint8_t got[64];
	int fd = begin(&d, "echo", (struct impair_rules){ .close_after_bytes = 5 });

	assert_int_equal(send(fd, "1234567", 7, 0), 7);
	assert_int_equal(await(&d, fd, got, sizeof(got)), 5);
	assert_memory_equal(got, "12345", 5);
	assert_int_equal(done(&d, IMPAIRED_CLOSE_AFTER), 1);
	close(fd);
	desk_end(&d);
}

TEST(a_session_whose_bytes_are_held_back_is_not_idle)
{
	struct desk d;
	uint8_t got[8];
	int fd;

	fd = begin(&d, "echo", (struct impair_rules){ .delay_ns = 30 * CLOCK_MS_NS });
	d.services[0].rules.idle_timeout_ns = 3 * CLOCK_MS_NS;
	close(fd);
	fd = desk_connect(&d, &d.listeners[0], 0);
	assert_int_equal(send(fd, "1", 1, 0), 1);
	assert_int_equal(await(&d, fd, got, 1), 1);
	assert_int_equal(await(&d, fd, got, 1), 0); /* now it is */
	close(fd);
	desk_end(&d);
}

TEST(a_session_that_finds_no_memory_for_what_is_held_back_ends)
{
	struct desk d;
	int fd = begin(&d, "echo", (struct impair_rules){ 0 });
	char byte;

	d.services[0].impair = (struct impair_rules){ .delay_ns = 1 };
	d.services[0].impairs = true;
	d.w.buffers.limit = 0;
	close(fd);
	fd = desk_connect(&d, &d.listeners[0], 0);
	desk_turn(&d);
	errno = 0;
	assert_true(recv(fd, &byte, 1, MSG_DONTWAIT) <= 0 && errno != EAGAIN);
	assert_int_equal(atomic_load(&d.w.counters[0].refused[REFUSED_BUFFERS]), 1);
	close(fd);
	desk_end(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_comes_back_late_and_then_the_end),
		cmocka_unit_test(nothing_comes_before_its_time_and_a_client_that_sends_on_is_not_read_without_bound),
		cmocka_unit_test(a_service_that_speaks_first_does_so_later),
		cmocka_unit_test(at_a_rate_an_answer_comes_in_pieces),
		cmocka_unit_test(a_session_ends_after_so_many_bytes_and_is_counted),
		cmocka_unit_test(a_session_whose_bytes_are_held_back_is_not_idle),
		cmocka_unit_test(a_session_that_finds_no_memory_for_what_is_held_back_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
