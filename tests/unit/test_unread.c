/* SPDX-License-Identifier: MIT */
/* Shares of a send buffer: who is answered beside clients that never read, and who is not. */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/sockios.h>

#include "datagram/unread.h"

#define BUFFER 425984 /* what anybody gets on most hosts */
#define CLIENTS 200

/* What a kernel would know: each client's unread bytes, charged as ours does (1000 bytes cost 2304). */
static struct unread u;
static uint64_t unread_of[CLIENTS], unread_in_all;

static void begin(uint64_t buffer)
{
	unread_init(&u, buffer);
	memset(unread_of, 0, sizeof(unread_of));
	unread_in_all = 0;
}

static size_t address(unsigned client, char *ret)
{
	return (size_t)snprintf(ret, 16, "client %u", client);
}

/* A client asks for an answer of so many bytes. True: it got one. */
static bool ask(unsigned client, size_t bytes)
{
	char name[16];
	size_t n = address(client, name);
	uint64_t before = u.total;

	if (!unread_admit(&u, name, n, bytes))
		return false;
	unread_of[client] += u.total - before;
	unread_in_all += u.total - before;
	return true;
}

static void read_all(unsigned client)
{
	unread_in_all -= unread_of[client];
	unread_of[client] = 0;
}

static void settle(void)
{
	unread_settle(&u, unread_in_all);
}

/* Asks and never reads, for long. */
static void fill(unsigned client, size_t bytes)
{
	for (int i = 0; i < 1000; i++) {
		settle();
		(void)ask(client, bytes);
	}
}

TEST(a_client_that_never_reads_takes_a_fifth_and_its_probes)
{
	begin(BUFFER);
	fill(0, 1000);
	assert_in_range(unread_in_all, BUFFER / 5 - 2304, BUFFER / 5 + 10 * 2304);
	assert_true(ask(1, 65507)); /* the longest there is */
}

TEST(eight_that_never_read_leave_room_for_who_does)
{
	begin(10 * BUFFER);
	for (unsigned client = 0; client < 8; client++)
		fill(client, 1000);
	for (unsigned client = 0; client < 8; client++)
		fill(client, 1000);
	assert_in_range(10 * BUFFER - unread_in_all, BUFFER, 4 * BUFFER);
	for (int i = 0; i < 1000; i++) {
		settle();
		assert_true(ask(100, 65507));
		read_all(100);
	}
}

TEST(who_reads_is_answered_as_before)
{
	begin(BUFFER);
	for (int i = 0; i < 10000; i++) {
		settle();
		(void)ask(0, 1000);
		assert_true(ask(1, 10)); /* in the same batch, too */
		read_all(1);
		settle();
		assert_true(ask(2, 500));
		read_all(2);
	}
	assert_in_range(unread_in_all, BUFFER / 5 - 2304, BUFFER / 5 + 13 * 2304);
}

/* Both do the same; nobody could tell which of them it is who reads. The reader is charged for the other then, but not for
 * long. */
TEST(who_was_taken_for_one_who_never_reads_is_answered_again)
{
	unsigned answered = 0;

	begin(BUFFER);
	for (int i = 0; i < 10000; i++) {
		settle();
		(void)ask(0, 1000);
		answered += ask(1, 1000);
		read_all(1);
	}
	assert_in_range(answered, 9900, 10000);
	assert_in_range(unread_in_all, 0, BUFFER / 2);
	for (int i = 0; i < 1000; i++) { /* and a new one from the start */
		settle();
		assert_true(ask(2, 1000));
		read_all(2);
	}
}

/* It has more unread at times than who never reads: its charge must not be the other's. */
TEST(who_reads_much_at_a_time_is_not_taken_for_one_who_never_reads)
{
	unsigned answered = 0;

	begin(10 * BUFFER);
	for (int round = 0; round < 10000; round++) {
		settle();
		for (int i = 0; i < 20; i++)
			answered += ask(1, 1000);
		(void)ask(0, 10);
		read_all(1);
	}
	assert_int_equal(answered, 200000);
	assert_in_range(unread_in_all, 2 * BUFFER - 1000, 2 * BUFFER + 20000);
}

TEST(who_reads_again_is_answered_again)
{
	begin(BUFFER);
	fill(0, 1000);
	read_all(0);
	settle();
	assert_true(ask(0, 1000));
}

TEST(one_batch_is_limited_like_many)
{
	unsigned n = 0;

	begin(BUFFER);
	settle();
	while (ask(0, 65507))
		n++;
	assert_in_range(n, 1, BUFFER / 2 / 65507);
}

/* A new process takes over a socket that others have filled. */
TEST(what_was_sent_before_is_not_free)
{
	begin(BUFFER);
	unread_in_all = BUFFER - 10000;
	settle();
	assert_false(ask(0, 8000));
	assert_true(ask(0, 1000));
	unread_in_all -= BUFFER - 10000;
	settle();
	assert_true(ask(0, 8000));
}

TEST(who_never_reads_is_remembered_over_those_who_do)
{
	begin(BUFFER);
	fill(0, 1000);
	for (unsigned client = 1; client < CLIENTS; client++) {
		settle();
		assert_true(ask(client, 10));
		read_all(client);
	}
	settle();
	assert_false(ask(0, 1000));
}

TEST(who_has_not_asked_for_longest_is_forgotten_but_not_what_it_has)
{
	begin(BUFFER);
	for (unsigned client = 0; client <= UNREAD_PEERS; client++)
		assert_true(ask(client, 10));
	assert_int_equal(u.unknown, unread_of[0]);
	assert_int_equal(u.total, unread_in_all);
	for (unsigned client = 0; client <= UNREAD_PEERS; client++)
		read_all(client);
	settle();
	assert_int_equal(u.unknown, 0);
}

TEST(an_answer_that_was_not_sent_is_not_charged)
{
	char name[16];
	size_t n = address(0, name);

	begin(BUFFER);
	for (int i = 0; i < 1000; i++) { /* all in one batch */
		assert_true(unread_admit(&u, name, n, 1000));
		unread_refund(&u, name, n, 1000);
	}
	assert_int_equal(u.total, 0);
	unread_refund(&u, "nobody", 6, 1000);
}

TEST(an_address_that_is_none_is_not_answered)
{
	static const char longer[sizeof(struct sockaddr_un) + 1];

	begin(BUFFER);
	assert_false(unread_admit(&u, "", 0, 1));
	assert_false(unread_admit(&u, longer, sizeof(longer), 1));
}

/* The estimate of one answer may be off, by half at most. */
TEST(an_answer_is_charged_about_as_the_kernel_does)
{
	static const size_t sizes[] = { 0, 1, 192, 193, 1000, 1500, 4000, 8192, 16064, 16065, 20000, 65507 };
	static const char bytes[65507];
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int charged = -1;

		begin(BUFFER);
		assert_true(ask(0, sizes[i]));
		assert_int_equal(send(pair[0], bytes, sizes[i], 0), sizes[i]);
		assert_int_equal(ioctl(pair[0], SIOCOUTQ, &charged), 0);
		assert_in_range(u.total, charged * 2 / 3, charged * 3 / 2);
		assert_int_equal(recv(pair[1], &(char){ 0 }, 1, 0), sizes[i] != 0);
	}
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_that_never_reads_takes_a_fifth_and_its_probes),
		cmocka_unit_test(eight_that_never_read_leave_room_for_who_does),
		cmocka_unit_test(who_reads_is_answered_as_before),
		cmocka_unit_test(who_was_taken_for_one_who_never_reads_is_answered_again),
		cmocka_unit_test(who_reads_much_at_a_time_is_not_taken_for_one_who_never_reads),
		cmocka_unit_test(who_reads_again_is_answered_again),
		cmocka_unit_test(one_batch_is_limited_like_many),
		cmocka_unit_test(what_was_sent_before_is_not_free),
		cmocka_unit_test(who_never_reads_is_remembered_over_those_who_do),
		cmocka_unit_test(who_has_not_asked_for_longest_is_forgotten_but_not_what_it_has),
		cmocka_unit_test(an_answer_that_was_not_sent_is_not_charged),
		cmocka_unit_test(an_address_that_is_none_is_not_answered),
		cmocka_unit_test(an_answer_is_charged_about_as_the_kernel_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
