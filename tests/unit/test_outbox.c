/* SPDX-License-Identifier: MIT */
/* Which answers go out as one message. */
#include "test.h"

#include <string.h>

#include "datagram/outbox.h"

static const struct listener_settings service;
static const struct listener udp = { .fd = -1, .settings = &service, .transport = TRANSPORT_UDP };
static const struct packet_info info = { .checked = { .local = { .family = AF_INET, .bytes = { 127, 0, 0, 1 } } } };
static struct outbox box;
static uint8_t bytes[70000 * 2];

static bool add(unsigned sender, size_t at, size_t n)
{
	struct outbox_to to = { .listener = &udp, .info = &info, .name = bytes, .name_bytes = 16, .sender = sender };

	return outbox_add(&box, &to, &(struct iovec){ .iov_base = bytes + at, .iov_len = n });
}

/* What UDP_SEGMENT says of message i; 0: it is one datagram. */
static unsigned segment_of(unsigned i)
{
	struct msghdr *m = &box.messages[i].msg_hdr;
	uint16_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == 17 && c->cmsg_type == 103)
			memcpy(&n, CMSG_DATA(c), sizeof(n));
	return n;
}

TEST(answers_of_one_length_to_one_client_are_one_message)
{
	outbox_begin(&box, true);
	for (size_t i = 0; i < 5; i++)
		assert_true(add(3, i * 1000, 100));
	assert_int_equal(box.n, 1);
	assert_int_equal(box.contents[0].n, 5);
	assert_int_equal(box.contents[0].bytes, 500);
	assert_int_equal(box.messages[0].msg_hdr.msg_iovlen, 5);
	assert_int_equal(segment_of(0), 100);
	assert_true(box.contents[0].control < box.messages[0].msg_hdr.msg_controllen);
}

/* As the kernel takes them: only the last may have less. */
TEST(a_shorter_one_ends_a_message_and_a_longer_one_begins_the_next)
{
	static const struct {
		size_t lengths[4];
		unsigned messages_n, first_n;
	} rows[] = {
		{ { 100, 100, 99, 99 }, 2, 3 }, { { 100, 101, 100, 100 }, 3, 1 }, { { 100, 1, 100, 1 }, 2, 2 },
		{ { 0, 0, 0, 0 }, 4, 1 },       { { 100, 0, 100, 0 }, 4, 1 },     { { 100, 100, 101, 1 }, 2, 2 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		outbox_begin(&box, true);
		for (size_t k = 0; k < 4; k++)
			assert_true(add(0, k * 1000, rows[i].lengths[k]));
		assert_int_equal(box.n, rows[i].messages_n);
		assert_int_equal(box.contents[0].n, rows[i].first_n);
		assert_int_equal(segment_of(0), rows[i].first_n > 1 ? rows[i].lengths[0] : 0);
	}
}

TEST(what_lay_in_one_piece_goes_in_one_piece)
{
	outbox_begin(&box, true);
	for (size_t i = 0; i < 10; i++)
		assert_true(add(0, i * 100, 100));
	assert_true(add(0, 1000, 7));
	assert_int_equal(box.n, 1);
	assert_int_equal(box.messages[0].msg_hdr.msg_iovlen, 1);
	assert_int_equal(box.messages[0].msg_hdr.msg_iov->iov_len, 1007);
	assert_int_equal(box.contents[0].n, 11);
}

TEST(other_clients_have_messages_of_their_own)
{
	outbox_begin(&box, true);
	for (unsigned i = 0; i < 6; i++)
		assert_true(add(i / 2, i * 100, 100));
	assert_int_equal(box.n, 3);
	assert_int_equal(box.contents[2].n, 2);
}

TEST(a_message_has_no_more_than_the_kernel_takes)
{
	outbox_begin(&box, true);
	for (unsigned i = 0; i < 65; i++)
		assert_true(add(0, i * 10, 10));
	assert_int_equal(box.n, 2);
	assert_int_equal(box.contents[0].n, 64);
	outbox_begin(&box, true);
	for (unsigned i = 0; i < 7; i++)
		assert_true(add(0, i * 10000, 10000));
	assert_int_equal(box.n, 2);
	assert_int_equal(box.contents[0].bytes, 60000);
}

TEST(a_socket_that_cannot_merge_has_a_message_for_each)
{
	outbox_begin(&box, false);
	for (unsigned i = 0; i < 3; i++)
		assert_true(add(0, i * 100, 100));
	assert_int_equal(box.n, 3);
	assert_int_equal(segment_of(2), 0);
}

TEST(a_full_one_says_so)
{
	unsigned n = 0;

	outbox_begin(&box, false);
	while (add(n, n * 10, 5))
		n++;
	assert_int_equal(n, OUTBOX_MESSAGES);
	outbox_begin(&box, true);
	for (n = 0; add(0, n * 10, 5); n++)
		;
	assert_int_equal(n, OUTBOX_PIECES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_of_one_length_to_one_client_are_one_message),
		cmocka_unit_test(a_shorter_one_ends_a_message_and_a_longer_one_begins_the_next),
		cmocka_unit_test(what_lay_in_one_piece_goes_in_one_piece),
		cmocka_unit_test(other_clients_have_messages_of_their_own),
		cmocka_unit_test(a_message_has_no_more_than_the_kernel_takes),
		cmocka_unit_test(a_socket_that_cannot_merge_has_a_message_for_each),
		cmocka_unit_test(a_full_one_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
