/* SPDX-License-Identifier: MIT */
/* qotd (RFC 865): quotes are read from a file's bytes, and each answer is one of them, whole. */
#include "test.h"

#include <errno.h>
#include <stdio.h>

#include "serve.h"
#include "service/quotes.h"

static void assert_quotes(const char *text, const char *const *expected, size_t n)
{
	struct quotes *q;
	struct lines_fault fault = { 0 };

	if (quotes_parse(text, strlen(text), &q, &fault) < 0)
		fail_msg("line %u: %s", fault.line, fault.why);
	assert_int_equal(quotes_n(q), n);
	for (size_t i = 0; i < n; i++) {
		size_t bytes;
		const char *quote = quotes_at(q, i, &bytes);

		assert_int_equal(bytes, strlen(expected[i]));
		assert_memory_equal(quote, expected[i], bytes);
	}
	quotes_free(q);
}
#define ASSERT_QUOTES(text, ...)                                                                                            \
	assert_quotes(text, (const char *const[]){ __VA_ARGS__ }, array_n(((const char *const[]){ __VA_ARGS__ })))

TEST(percent_lines_part_the_quotes)
{
	ASSERT_QUOTES("one\n%\ntwo\nlines\n%\nthree\n", "one\r\n", "two\r\nlines\r\n", "three\r\n");
	ASSERT_QUOTES("%\none\n%\n%\n\n%\ntwo\n%\n", "one\r\n", "two\r\n"); /* empty ones do not count */
	ASSERT_QUOTES("\n\none\n\nstill one\n\n\n%\ntwo", "one\r\n\r\nstill one\r\n", "two\r\n");
	ASSERT_QUOTES("100 %\n%\n%%\n", "100 %\r\n", "%%\r\n");
}

TEST(quotes_as_windows_has_them_are_read)
{
	ASSERT_QUOTES("\"To be, or not\r\n to be.\" A (1564-1616)\r\n%\r\n\"Second.\"\r\n B\r\n",
		      "\"To be, or not\r\n to be.\" A (1564-1616)\r\n", "\"Second.\"\r\n B\r\n");
}

TEST(blank_lines_part_the_quotes_where_no_percent_line_does)
{
	ASSERT_QUOTES("one\r\nmore\r\n\r\n  \t\r\ntwo\r\n", "one\r\nmore\r\n", "two\r\n");
	ASSERT_QUOTES("only one", "only one\r\n");
}

TEST(tabs_become_spaces)
{
	ASSERT_QUOTES("\ta\n123\t-- b\t\n", "        a\r\n123     -- b\r\n");
}

static void assert_refused(const char *text, size_t n, unsigned expected_line, const char *word)
{
	struct quotes *q;
	struct lines_fault fault = { 0 };

	assert_int_equal(quotes_parse(text, n, &q, &fault), -EINVAL);
	assert_int_equal(fault.line, expected_line);
	assert_non_null(fault.why);
	assert_non_null(strstr(fault.why, word));
}

TEST(a_quote_of_512_bytes_is_refused_with_its_line)
{
	char text[1024];
	struct quotes *q;
	struct lines_fault fault = { 0 };
	size_t bytes;

	snprintf(text, sizeof(text), "one\n%%\n%0509d\n%%\n", 7);
	assert_int_equal(quotes_parse(text, strlen(text), &q, &fault), 0);
	quotes_at(q, 1, &bytes);
	assert_int_equal(bytes, 511); /* with its CR LF */
	quotes_free(q);

	snprintf(text, sizeof(text), "one\n%%\n%0510d\n%%\n", 7);
	assert_refused(text, strlen(text), 3, "511");
	snprintf(text, sizeof(text), "one\n%%\n\nbegins\n%0250d\n%0250d\n%%\n", 7, 7);
	assert_refused(text, strlen(text), 4, "511"); /* where it begins */
}

TEST(bytes_outside_rfc_865_are_refused_with_their_line)
{
	assert_refused("one\ntwo\nth\x1bree\n", 14, 3, "ASCII");
	assert_refused("one\n%\ncaf\xc3\xa9\n", 12, 3, "ASCII");
	assert_refused("a\0b\n", 4, 1, "ASCII");
	assert_refused("a\rb\n", 4, 1, "ASCII"); /* no bare CR */
	assert_refused("a\x7f\n", 3, 1, "ASCII");
}

TEST(a_file_without_a_quote_is_refused)
{
	assert_refused("", 0, 1, "no quote");
	assert_refused("%\n\n%\n", 5, 1, "no quote");
}

TEST(many_quotes_keep_their_order)
{
	static char text[200000];
	struct quotes *q;
	struct lines_fault fault = { 0 };
	size_t at = 0;

	for (int i = 0; i < 5000; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "quote number %d\n%%\n", i);
	assert_int_equal(quotes_parse(text, at, &q, &fault), 0);
	assert_int_equal(quotes_n(q), 5000);
	for (int i = 0; i < 5000; i++) {
		char expected[64];
		size_t bytes;
		const char *quote = quotes_at(q, (size_t)i, &bytes);

		snprintf(expected, sizeof(expected), "quote number %d\r\n", i);
		assert_int_equal(bytes, strlen(expected));
		assert_memory_equal(quote, expected, bytes);
	}
	quotes_free(q);
}

TEST(an_answer_is_a_quote_by_chance_and_the_end)
{
	static const char text[] = "one\n%\ntwo\n%\nthree\n";
	bool seen[3] = { false };
	struct quotes *q;
	struct lines_fault fault = { 0 };
	struct serve s;

	assert_int_equal(quotes_parse(text, strlen(text), &q, &fault), 0);
	for (uint32_t random = 0; random < 30; random++) {
		serve_begin(&s, "qotd", TRANSPORT_TCP);
		s.options.quotes = q;
		s.ctx.random = random * 2654435761u;
		serve_open(&s);
		assert_int_equal(s.verdict, SVC_DONE);
		seen[0] |= strcmp(s.said, "one\r\n") == 0;
		seen[1] |= strcmp(s.said, "two\r\n") == 0;
		seen[2] |= strcmp(s.said, "three\r\n") == 0;
	}
	assert_true(seen[0] && seen[1] && seen[2]);
	quotes_free(q);
}

TEST(a_datagram_gets_a_whole_quote_or_none)
{
	struct quotes *q;
	struct lines_fault fault = { 0 };
	struct serve s;

	assert_int_equal(quotes_parse("hello\n", 6, &q, &fault), 0);
	serve_begin(&s, "qotd", TRANSPORT_UDP);
	s.options.quotes = q;
	serve_datagram(&s, "", 0, 7);
	assert_int_equal(s.verdict, SVC_DONE);
	assert_string_equal(s.said, "hello\r\n");
	serve_datagram(&s, "", 0, 6);
	assert_int_equal(s.verdict, SVC_DROP);
	assert_int_equal(s.said_n, 0);
	quotes_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percent_lines_part_the_quotes),
		cmocka_unit_test(quotes_as_windows_has_them_are_read),
		cmocka_unit_test(blank_lines_part_the_quotes_where_no_percent_line_does),
		cmocka_unit_test(tabs_become_spaces),
		cmocka_unit_test(a_quote_of_512_bytes_is_refused_with_its_line),
		cmocka_unit_test(bytes_outside_rfc_865_are_refused_with_their_line),
		cmocka_unit_test(a_file_without_a_quote_is_refused),
		cmocka_unit_test(many_quotes_keep_their_order),
		cmocka_unit_test(an_answer_is_a_quote_by_chance_and_the_end),
		cmocka_unit_test(a_datagram_gets_a_whole_quote_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
