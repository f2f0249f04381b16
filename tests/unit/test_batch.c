/* SPDX-License-Identifier: MIT */
/* Datagrams read many at a time: which of them are told together, and what of a message that is several. */
#include "test.h"

#include <netinet/udp.h>

#include "worker_desk.h"
#include "datagram/batch.h"

struct reading {
	struct desk desk;
	struct listener *l;
	struct batch *batch;
	int clients[2];
};

static struct batch *ever; /* one for all tests: it stays until the process ends */

static void begin(struct reading *r)
{
	desk_begin(&r->desk, POOL_EVENT, 1);
	r->l = desk_listen(&r->desk, "echo", TRANSPORT_UDP, AF_INET);
	if (!ever)
		assert_int_equal(batch_new(&ever), 0);
	r->batch = ever;
	for (size_t i = 0; i < array_n(r->clients); i++)
		r->clients[i] = desk_dial(r->l, SOCK_DGRAM);
}

static void end(struct reading *r)
{
	for (size_t i = 0; i < array_n(r->clients); i++)
		close(r->clients[i]);
	desk_end(&r->desk);
}

static void ask(const struct reading *r, unsigned client, const char *bytes, size_t n)
{
	assert_int_equal(send(r->clients[client], bytes, n, 0), n);
}

/* As one message, which the kernel keeps whole on the loopback interface. */
static void ask_as_one(const struct reading *r, const char *bytes, size_t n, int segment)
{
	assert_int_equal(setsockopt(r->clients[0], SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
	ask(r, 0, bytes, n);
	segment = 0;
	assert_int_equal(setsockopt(r->clients[0], SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
}

/* The next are n of these bytes. Whose. */
static unsigned expect(struct reading *r, uint32_t n, const char *bytes)
{
	struct alike a;

	assert_true(batch_next(r->batch, &a));
	assert_int_equal(a.n, n);
	assert_int_equal(a.info->checked.length, strlen(bytes));
	for (uint32_t i = 0; i < n; i++)
		assert_memory_equal(a.at[i], bytes, strlen(bytes));
	assert_int_equal(a.info->checked.destination.family, AF_INET);
	return a.sender;
}

static void expect_end(struct reading *r)
{
	struct alike a;

	assert_false(batch_next(r->batch, &a));
	assert_int_equal(batch_read(r->batch, r->l, r->l->fd), 0);
	assert_false(batch_next(r->batch, &a));
}

TEST(those_of_one_client_and_one_length_are_told_together)
{
	struct reading r;
	unsigned first;

	begin(&r);
	for (int i = 0; i < 3; i++)
		ask(&r, 0, "one", 3);
	ask(&r, 0, "four", 4);
	ask(&r, 1, "four", 4);
	ask(&r, 0, "four", 4);
	assert_int_not_equal(batch_read(r.batch, r.l, r.l->fd), 0);
	first = expect(&r, 3, "one");
	assert_int_equal(expect(&r, 1, "four"), first);
	assert_int_not_equal(expect(&r, 1, "four"), first);
	assert_int_not_equal(expect(&r, 1, "four"), first); /* not in a row with its first */
	expect_end(&r);
	end(&r);
}

TEST(empty_ones_are_told_each)
{
	struct reading r;

	begin(&r);
	for (int i = 0; i < 3; i++)
		ask(&r, 0, "", 0);
	assert_int_not_equal(batch_read(r.batch, r.l, r.l->fd), 0);
	expect(&r, 3, "");
	expect_end(&r);
	end(&r);
}

TEST(a_message_of_several_is_taken_apart)
{
	struct reading r;

	begin(&r);
	ask_as_one(&r, "abcabcabc", 9, 3);
	ask_as_one(&r, "abcabcxy", 8, 3);
	ask_as_one(&r, "abcd", 4, 3);
	ask(&r, 0, "abc", 3);
	assert_int_not_equal(batch_read(r.batch, r.l, r.l->fd), 0);
	expect(&r, 5, "abc");
	expect(&r, 1, "xy");
	expect(&r, 1, "abc");
	expect(&r, 1, "d");
	expect(&r, 1, "abc");
	expect_end(&r);
	end(&r);
}

TEST(more_than_fit_are_told_in_parts)
{
	static char bytes[2 * 60];
	struct reading r;

	memset(bytes, 'x', sizeof(bytes));
	begin(&r);
	ask_as_one(&r, bytes, sizeof(bytes), 2);
	ask_as_one(&r, bytes, sizeof(bytes), 2);
	assert_int_not_equal(batch_read(r.batch, r.l, r.l->fd), 0);
	expect(&r, BATCH_ALIKE_MAX, "xx");
	expect(&r, 120 - BATCH_ALIKE_MAX, "xx");
	expect_end(&r);
	end(&r);
}

TEST(what_does_not_fit_a_batch_is_in_the_next)
{
	struct reading r;

	begin(&r);
	for (int i = 0; i < BATCH_MESSAGES + 1; i++)
		ask(&r, 0, "x", 1);
	assert_int_not_equal(batch_read(r.batch, r.l, r.l->fd), 0);
	expect(&r, BATCH_MESSAGES, "x");
	assert_int_not_equal(batch_read(r.batch, r.l, r.l->fd), 0);
	expect(&r, 1, "x");
	expect_end(&r);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_of_one_client_and_one_length_are_told_together),
		cmocka_unit_test(empty_ones_are_told_each),
		cmocka_unit_test(a_message_of_several_is_taken_apart),
		cmocka_unit_test(more_than_fit_are_told_in_parts),
		cmocka_unit_test(what_does_not_fit_a_batch_is_in_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
