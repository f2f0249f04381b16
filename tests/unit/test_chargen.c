/* SPDX-License-Identifier: MIT */
/* chargen (RFC 864): the pattern, without a seam over any number of calls. */
#include "test.h"

#include <stdio.h>

#include "serve.h"

#define PATTERN_BYTES 7030 /* 95 lines of 74 */

/* Byte i of the stream, from the RFC's words alone. */
static char pattern(size_t i)
{
	size_t line = i / 74 % 95, column = i % 74;

	return column == 72 ? '\r' : column == 73 ? '\n' : (char)(' ' + (line + column) % 95);
}

static void assert_pattern(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] != pattern(i))
			fail_msg("byte %zu is 0x%02x, not 0x%02x", i, (unsigned char)s[i], (unsigned char)pattern(i));
}

/* The 7030 bytes from ' ' on, twice: their SHA-256 is 3cdea95b39ae39243127adde7cd303a8b8c9f25248a3fc0c483ba70b00fb8f19, and
 * `test_chargen pattern | sha256sum` says so. */
TEST(the_stream_is_the_pattern_over_and_over)
{
	struct serve s;

	serve_begin(&s, "chargen", TRANSPORT_TCP);
	s.enough = 2 * PATTERN_BYTES;
	serve_open(&s);
	assert_int_equal(s.verdict, SVC_FLUSH);
	assert_true(s.said_n >= 2 * PATTERN_BYTES);
	assert_memory_equal(s.said, " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg\r\n!\"#",
			    77);
	assert_pattern(s.said, s.said_n);
}

TEST(outputs_of_any_size_join_without_a_seam)
{
	struct serve s;

	serve_begin(&s, "chargen", TRANSPORT_UNIX);
	s.out_cap = 1;
	s.enough = 1;
	serve_open(&s);
	for (size_t cap = 1; s.said_n < 3 * PATTERN_BYTES; cap = cap * 5 % 197 + 1) {
		size_t before = s.said_n;

		s.out_cap = cap;
		serve_call(&s, false, NULL);
		assert_int_equal(s.verdict, SVC_FLUSH);
		assert_int_equal(s.said_n - before, cap); /* all of the room is used */
	}
	assert_pattern(s.said, s.said_n);
}

TEST(the_stream_does_not_care_for_input_nor_its_end)
{
	struct serve s;

	serve_begin(&s, "chargen", TRANSPORT_TCP);
	s.enough = 0;
	serve_open(&s);
	serve_send(&s, "quit\r\n");
	serve_end(&s);
	serve_call(&s, false, NULL);
	assert_int_equal(s.verdict, SVC_FLUSH);
	assert_int_equal(s.pending_n, 0);
	assert_int_equal(s.said_n, 4 * SVC_OUT_MIN);
	assert_pattern(s.said, s.said_n);
}

TEST(a_datagram_gets_0_to_512_bytes_by_chance)
{
	bool seen[513] = { false };
	struct serve s;

	serve_begin(&s, "chargen", TRANSPORT_UDP);
	for (uint32_t i = 0; i < 513; i++) {
		s.ctx.random = i * 513 + i;
		serve_datagram(&s, "x", 1, 65507);
		assert_int_equal(s.verdict, SVC_DONE);
		assert_true(s.said_n <= 512);
		assert_pattern(s.said, s.said_n); /* each from its beginning: there is no state between answers */
		seen[s.said_n] = true;
	}
	for (size_t n = 0; n <= 512; n++)
		assert_true(seen[n]);
}

TEST(a_datagram_answer_is_never_longer_than_allowed)
{
	struct serve s;

	serve_begin(&s, "chargen", TRANSPORT_UDP);
	for (size_t room = 0; room < 20; room++) {
		size_t most = 0;

		for (uint32_t random = 0; random < 100; random++) {
			s.ctx.random = random;
			serve_datagram(&s, "", 0, room);
			most = s.said_n > most ? s.said_n : most;
		}
		assert_int_equal(most, room);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_stream_is_the_pattern_over_and_over),
		cmocka_unit_test(outputs_of_any_size_join_without_a_seam),
		cmocka_unit_test(the_stream_does_not_care_for_input_nor_its_end),
		cmocka_unit_test(a_datagram_gets_0_to_512_bytes_by_chance),
		cmocka_unit_test(a_datagram_answer_is_never_longer_than_allowed),
	};

	if (argc == 2 && strcmp(argv[1], "pattern") == 0) {
		static struct serve s;

		serve_begin(&s, "chargen", TRANSPORT_TCP);
		s.enough = PATTERN_BYTES;
		serve_open(&s);
		return fwrite(s.said, 1, PATTERN_BYTES, stdout) == PATTERN_BYTES ? 0 : 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
