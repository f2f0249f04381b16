/* SPDX-License-Identifier: MIT */
/* discard (RFC 863): nothing ever comes back. */
#include "test.h"
#include "serve.h"

TEST(a_stream_is_read_and_never_answered)
{
	static const uint8_t bytes[50000];
	struct serve s;

	serve_begin(&s, "discard", TRANSPORT_TCP);
	for (int i = 0; i < 3; i++) {
		serve_send_bytes(&s, bytes, sizeof(bytes));
		assert_int_equal(s.verdict, SVC_MORE); /* the session stays open */
		assert_int_equal(s.pending_n, 0);
	}
	serve_end(&s);
	assert_int_equal(s.verdict, SVC_DONE);
	assert_int_equal(s.said_n, 0);
}

TEST(a_datagram_gets_no_answer_not_even_an_empty_one)
{
	struct serve s;

	serve_begin(&s, "discard", TRANSPORT_UDP);
	serve_datagram(&s, "hello", 5, 65507);
	assert_int_equal(s.verdict, SVC_MORE);
	serve_datagram(&s, "", 0, 65507);
	assert_int_equal(s.verdict, SVC_MORE);
	s.eof = true;
	serve_datagram(&s, "hello", 5, 65507);
	assert_int_equal(s.verdict, SVC_MORE);
	assert_int_equal(s.said_n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_is_read_and_never_answered),
		cmocka_unit_test(a_datagram_gets_no_answer_not_even_an_empty_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
