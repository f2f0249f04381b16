/* SPDX-License-Identifier: MIT */
/* time (RFC 868): four bytes, right from 1900 on and again after 2036. */
#include "test.h"

#include "base/bytes.h"
#include "serve.h"

static void assert_answer(int64_t unix_s, uint32_t expected)
{
	struct serve s;

	serve_begin(&s, "time", TRANSPORT_TCP);
	s.ctx.wall.tv_sec = unix_s;
	s.ctx.wall.tv_nsec = 999999999; /* whole seconds: not rounded up */
	serve_open(&s);
	assert_int_equal(s.verdict, SVC_DONE);
	assert_int_equal(s.said_n, 4);
	assert_int_equal(bytes_get_be32((const uint8_t *)s.said), expected);

	serve_begin(&s, "time", TRANSPORT_UDP);
	s.ctx.wall.tv_sec = unix_s;
	serve_datagram(&s, "", 0, 64);
	assert_int_equal(s.verdict, SVC_DONE);
	assert_int_equal(s.said_n, 4);
	assert_int_equal(bytes_get_be32((const uint8_t *)s.said), expected);
}

TEST(dates_of_the_rfc_have_their_numbers)
{
	assert_answer(0, 0x83AA7E80);           /* 1970-01-01: 2,208,988,800 */
	assert_answer(189302400, 0x8EF30500);   /* 1976-01-01: 2,398,291,200 */
	assert_answer(315532800, 0x96792480);   /* 1980-01-01: 2,524,521,600 */
	assert_answer(420595200, 0x9CBC4480);   /* 1983-05-01: 2,629,584,000 */
	assert_answer(1795351771, 0xEEAD635B);  /* 2026-11-22 12:49:31       */
	assert_answer(-3506716800, 0xB2A63E00); /* 1858-11-17: -1,297,728,000 */
}

TEST(time_reply_wraps_in_2036)
{
	assert_answer(2085978495, 0xFFFFFFFF); /* 2036-02-07 06:28:15 */
	assert_answer(2085978496, 0x00000000);
	assert_answer(2147483648, 0x03AA7E80); /* 2038-01-19 03:14:08 */
}

TEST(any_datagram_is_a_request)
{
	struct serve s;

	serve_begin(&s, "time", TRANSPORT_UDP);
	serve_datagram(&s, "what time is it", 15, 64);
	assert_int_equal(s.verdict, SVC_DONE);
	assert_int_equal(s.said_n, 4);
	serve_datagram(&s, "", 0, 3); /* never a part of the four */
	assert_int_equal(s.verdict, SVC_DROP);
	assert_int_equal(s.said_n, 0);
}

TEST(require_sync_gives_no_answer_by_a_doubtful_clock)
{
	static const enum clock_state doubtful[] = { CLOCK_UNKNOWN, CLOCK_UNSYNCHRONISED };
	struct serve s;

	for (size_t i = 0; i < array_n(doubtful); i++) {
		serve_begin(&s, "time", TRANSPORT_TCP);
		s.ctx.clock.state = doubtful[i];
		serve_open(&s);
		assert_int_equal(s.verdict, SVC_DONE); /* nobody required it */

		serve_begin(&s, "time", TRANSPORT_TCP);
		s.ctx.clock.state = doubtful[i];
		s.options.require_sync = true;
		serve_open(&s);
		assert_int_equal(s.verdict, SVC_DROP);
		s.ctx.transport = TRANSPORT_UDP;
		serve_datagram(&s, "", 0, 64);
		assert_int_equal(s.verdict, SVC_DROP);
		assert_int_equal(s.said_n, 0);
		s.ctx.clock.state = CLOCK_SYNCHRONISED;
		serve_datagram(&s, "", 0, 64);
		assert_int_equal(s.said_n, 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_of_the_rfc_have_their_numbers),
		cmocka_unit_test(time_reply_wraps_in_2036),
		cmocka_unit_test(any_datagram_is_a_request),
		cmocka_unit_test(require_sync_gives_no_answer_by_a_doubtful_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
