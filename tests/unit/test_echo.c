/* SPDX-License-Identifier: MIT */
/* echo (RFC 862): the same bytes come back, all of them, in order. */
#include "test.h"
#include "serve.h"

/* Bytes that differ from their neighbours, and from those a page further. */
static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

TEST(stream_bytes_come_back_in_order)
{
	static const size_t pieces[] = { 0, 1, 4095, 4096, 4097, 20000 };
	struct serve s;
	size_t sent = 0;

	serve_begin(&s, "echo", TRANSPORT_TCP);
	for (size_t i = 0; i < array_n(pieces); i++) {
		static uint8_t bytes[20000];

		for (size_t k = 0; k < pieces[i]; k++)
			bytes[k] = byte_at(sent + k);
		serve_send_bytes(&s, bytes, pieces[i]);
		sent += pieces[i];
		assert_int_equal(s.verdict, SVC_MORE);
		assert_int_equal(s.said_n, sent);
	}
	for (size_t i = 0; i < sent; i++)
		assert_int_equal((uint8_t)s.said[i], byte_at(i));
}

TEST(a_thousand_single_bytes_come_back)
{
	struct serve s;

	serve_begin(&s, "echo", TRANSPORT_UNIX);
	for (unsigned i = 0; i < 1000; i++) {
		serve_send_bytes(&s, &(uint8_t){ byte_at(i) }, 1);
		assert_int_equal(s.said_n, i + 1);
		assert_int_equal((uint8_t)s.said[i], byte_at(i));
	}
}

TEST(a_half_closed_stream_gets_all_that_is_owed_before_its_end)
{
	static uint8_t bytes[30000];
	struct serve s;

	serve_begin(&s, "echo", TRANSPORT_TCP);
	s.eof = true;
	s.enough = 1; /* look at each piece */
	serve_send_bytes(&s, bytes, sizeof(bytes));
	assert_int_equal(s.verdict, SVC_FLUSH);
	s.enough = sizeof(bytes);
	serve_flush(&s);
	assert_int_equal(s.said_n, sizeof(bytes));
	assert_int_equal(s.verdict, SVC_DONE);
}

TEST(a_stream_without_bytes_ends_without_bytes)
{
	struct serve s;

	serve_begin(&s, "echo", TRANSPORT_TCP);
	serve_end(&s);
	assert_int_equal(s.verdict, SVC_DONE);
	assert_int_equal(s.said_n, 0);
}

TEST(datagrams_of_every_length_come_back)
{
	static const size_t lengths[] = { 0, 1, 512, 1472, 1473, 2048, 4096, 8192, 8972, 9000, 65507, 65527 };
	static uint8_t bytes[65527];
	struct serve s;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = byte_at(i);
	serve_begin(&s, "echo", TRANSPORT_UDP);
	for (size_t i = 0; i < array_n(lengths); i++) {
		serve_datagram(&s, bytes, lengths[i], lengths[i]);
		assert_int_equal(s.verdict, SVC_DONE);
		assert_int_equal(s.said_n, lengths[i]);
		assert_memory_equal(s.said, bytes, lengths[i]);
	}
}

TEST(a_datagram_that_may_not_come_back_whole_gets_no_answer)
{
	struct serve s;

	serve_begin(&s, "echo", TRANSPORT_UNIXGRAM);
	serve_datagram(&s, "hello", 5, 4);
	assert_int_equal(s.verdict, SVC_DROP);
	assert_int_equal(s.said_n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_bytes_come_back_in_order),
		cmocka_unit_test(a_thousand_single_bytes_come_back),
		cmocka_unit_test(a_half_closed_stream_gets_all_that_is_owed_before_its_end),
		cmocka_unit_test(a_stream_without_bytes_ends_without_bytes),
		cmocka_unit_test(datagrams_of_every_length_come_back),
		cmocka_unit_test(a_datagram_that_may_not_come_back_whole_gets_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
