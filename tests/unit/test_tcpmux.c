/* SPDX-License-Identifier: MIT */
/* tcpmux (RFC 1078): a name chooses a service; what is sent behind the name is that service's. */
#include "test.h"

#include <stdio.h>

#include "serve.h"

static const char *const names[] = { "echo", "discard", "daytime/tcp" };

static void begin(struct serve *s)
{
	serve_begin(s, "tcpmux", TRANSPORT_TCP);
	s->options.names = names;
	s->options.names_n = array_n(names);
}

static void assert_becomes(struct serve *s, size_t expected)
{
	assert_int_equal(s->verdict, SVC_BECOME);
	assert_int_equal(s->become, expected);
	assert_int_equal(s->said[0], '+');
	assert_string_equal(s->said + s->said_n - 2, "\r\n");
	assert_ptr_equal(strchr(s->said, '\n'), s->said + s->said_n - 1); /* one line */
}

TEST(a_name_in_any_case_chooses_its_service)
{
	static const struct {
		const char *line;
		size_t place;
	} cases[] = { { "echo\r\n", 0 }, { "EcHo\r\n", 0 }, { "DISCARD\n", 1 }, { "Daytime/TCP\r\n", 2 } };
	struct serve s;

	for (size_t i = 0; i < array_n(cases); i++) {
		begin(&s);
		serve_send(&s, cases[i].line);
		assert_becomes(&s, cases[i].place);
	}
}

TEST(a_name_may_come_in_pieces)
{
	struct serve s;

	begin(&s);
	for (const char *c = "discard\r"; *c != '\0'; c++) {
		serve_send_bytes(&s, c, 1);
		assert_int_equal(s.verdict, SVC_MORE);
		assert_int_equal(s.said_n, 0);
	}
	serve_send(&s, "\n");
	assert_becomes(&s, 1);
}

TEST(bytes_behind_the_name_are_kept_for_the_service)
{
	struct serve s;

	begin(&s);
	serve_send(&s, "ec");
	serve_send(&s, "ho\r\nhello\r\nworld");
	assert_becomes(&s, 0);
	assert_int_equal(s.pending_n, 12);
	assert_memory_equal(s.pending, "hello\r\nworld", 12);
}

TEST(a_name_not_served_is_refused)
{
	static const char *const lines[] = { "nosuch\r\n", "\r\n", "ech\r\n", "echo2\r\n", " echo\r\n", "tcpmux\r\n" };
	struct serve s;

	for (size_t i = 0; i < array_n(lines); i++) {
		begin(&s);
		serve_send(&s, lines[i]);
		assert_int_equal(s.verdict, SVC_DONE);
		assert_string_equal(s.said, "-Service not available\r\n");
	}
	begin(&s);
	serve_send_bytes(&s, "echo\0x\r\n", 8);
	assert_int_equal(s.verdict, SVC_DONE);
	assert_string_equal(s.said, "-Service not available\r\n");
}

TEST(a_line_of_256_octets_is_the_longest)
{
	char line[256];
	struct serve s;

	memset(line, 'x', sizeof(line));
	line[255] = '\n';
	begin(&s);
	serve_send_bytes(&s, line, 255);
	assert_int_equal(s.verdict, SVC_MORE);
	serve_send(&s, "\n");
	assert_string_equal(s.said, "-Service not available\r\n");

	begin(&s);
	serve_send_bytes(&s, line, 255);
	serve_send(&s, "x"); /* and no end in sight */
	assert_int_equal(s.verdict, SVC_DONE);
	assert_string_equal(s.said, "-Service not available\r\n");
}

TEST(help_lists_the_names_a_line_each)
{
	struct serve s;

	begin(&s);
	serve_send(&s, "help\r\n");
	assert_int_equal(s.verdict, SVC_DONE);
	assert_string_equal(s.said, "echo\r\ndiscard\r\ndaytime/tcp\r\n");
}

TEST(a_long_list_comes_over_several_outputs)
{
	static char storage[600][32];
	static const char *many[600];
	struct serve s;
	size_t at = 0;

	for (size_t i = 0; i < array_n(many); i++) {
		snprintf(storage[i], sizeof(storage[i]), "service-of-some-length-%03zu", i);
		many[i] = storage[i];
	}
	begin(&s);
	s.options.names = many;
	s.options.names_n = array_n(many);
	serve_send(&s, "HELP\r\n");
	assert_int_equal(s.verdict, SVC_DONE);
	for (size_t i = 0; i < array_n(many); i++) {
		assert_memory_equal(s.said + at, many[i], strlen(many[i]));
		at += strlen(many[i]);
		assert_memory_equal(s.said + at, "\r\n", 2);
		at += 2;
	}
	assert_int_equal(at, s.said_n);
}

TEST(a_client_that_leaves_before_a_line_gets_nothing)
{
	struct serve s;

	begin(&s);
	serve_end(&s);
	assert_int_equal(s.verdict, SVC_DONE);
	assert_int_equal(s.said_n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_in_any_case_chooses_its_service),
		cmocka_unit_test(a_name_may_come_in_pieces),
		cmocka_unit_test(bytes_behind_the_name_are_kept_for_the_service),
		cmocka_unit_test(a_name_not_served_is_refused),
		cmocka_unit_test(a_line_of_256_octets_is_the_longest),
		cmocka_unit_test(help_lists_the_names_a_line_each),
		cmocka_unit_test(a_long_list_comes_over_several_outputs),
		cmocka_unit_test(a_client_that_leaves_before_a_line_gets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
