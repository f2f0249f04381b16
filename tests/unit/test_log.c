/* SPDX-License-Identifier: MIT */
/* Log lines: their form, their length, and that nothing from outside can start one. */
#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "log_capture.h"

static void say_listening(void)
{
	struct addr a = { .family = AF_INET6, .port = 7, .bytes = { [15] = 1 } };
	struct log_line l;

	log_begin(&l, LOG_LEVEL_NOTICE, "listening");
	log_word(&l, "listener", "echo");
	log_word(&l, "transport", "tcp");
	log_addr(&l, "at", &a);
	log_number(&l, "backlog", -4096);
	log_end(&l);
}

TEST(a_text_line_has_its_level_event_and_values)
{
	capture(LOG_LEVEL_NOTICE, LOG_FORMAT_TEXT);
	say_listening();
	log_say(LOG_LEVEL_WARNING, "accept", "cannot accept on \"%s\": %s", "[::]:7", "too many open files");
	captured();
	assert_string_equal(got, "notice listening echo tcp at=[::1]:7 backlog=-4096\n"
				 "warning accept: cannot accept on \"[::]:7\": too many open files\n");
}

TEST(a_json_line_has_the_same_keys)
{
	static const char pattern[] = "{\"time\":\"dddd-dd-ddTdd:dd:dd.dddddddddZ\",";

	capture(LOG_LEVEL_NOTICE, LOG_FORMAT_JSON);
	say_listening();
	captured();
	for (size_t i = 0; pattern[i] != '\0'; i++) {
		if (pattern[i] == 'd')
			assert_in_range(got[i], '0', '9');
		else
			assert_int_equal(got[i], pattern[i]);
	}
	assert_string_equal(got + sizeof(pattern) - 1,
			    "\"level\":\"notice\",\"event\":\"listening\",\"listener\":\"echo\",\"transport\":\"tcp\","
			    "\"at\":\"[::1]:7\",\"backlog\":-4096}\n");
	capture(LOG_LEVEL_NOTICE, LOG_FORMAT_JSON);
	log_say(LOG_LEVEL_ERROR, "settings", "%d errors in \"%s\"", 2, "x.conf");
	captured();
	assert_non_null(strstr(got, "\"level\":\"error\",\"event\":\"settings\","
				    "\"message\":\"2 errors in \\\"x.conf\\\"\"}\n"));
}

TEST(values_are_quoted_only_where_they_must_be)
{
	struct log_line l;

	capture(LOG_LEVEL_NOTICE, LOG_FORMAT_TEXT);
	log_begin(&l, LOG_LEVEL_NOTICE, "event");
	log_text(&l, "a", "plain-[::1]:7/x\\y");
	log_text(&l, "b", "two words");
	log_text(&l, "c", "");
	log_text(&l, "d", "k=v");
	log_text(&l, "e", "a\"b");
	log_text(&l, "f", "\xC3\xA9");
	log_word(&l, "g", "a word");
	log_end(&l);
	captured();
	assert_string_equal(got,
			    "notice event a=plain-[::1]:7/x\\y b=\"two words\" c=\"\" d=\"k=v\" e=\"a\\\"b\" f=\"\\u00e9\" "
			    "\"a word\"\n");
}

/* A hostile value in each of the ways a value gets into a line. */
static void say_hostile(const char *hostile)
{
	struct log_line l;

	log_begin(&l, LOG_LEVEL_NOTICE, "session");
	log_text(&l, "user", hostile);
	log_word(&l, "name", hostile);
	log_end(&l);
	log_say(LOG_LEVEL_NOTICE, "lookup", "cannot find %s", hostile);
}

TEST(nothing_from_a_peer_can_start_a_line)
{
	static const char *const hostile[] = {
		"x\nerror forged: line", "x\r\nerror",   "\x1B[2J\x1B]0;title\a", "\x7F\x08\x0B\x0C", "\xC2\x85next line",
		"\xE2\x80\xA8separator", "\xFF\xFE\x80",
	};

	for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
		for (size_t i = 0; i < array_n(hostile); i++) {
			capture(LOG_LEVEL_NOTICE, (enum log_format)format);
			say_hostile(hostile[i]);
			captured();
			assert_int_equal(lines_in(got), 2);
			for (const char *s = got; *s != '\0'; s++)
				assert_true(*s == '\n' || (*s >= ' ' && *s <= '~'));
		}
	}
}

TEST(a_line_below_the_level_is_not_written)
{
	struct log_line l;

	capture(LOG_LEVEL_WARNING, LOG_FORMAT_TEXT);
	say_listening();
	log_begin(&l, LOG_LEVEL_DEBUG, "event");
	log_text(&l, "key", "value");
	log_end(&l);
	log_say(LOG_LEVEL_NOTICE, "event", "sentence");
	log_say(LOG_LEVEL_WARNING, "event", "heard");
	captured();
	assert_string_equal(got, "warning event: heard\n");
	assert_true(log_wants(LOG_LEVEL_ERROR));
	assert_false(log_wants(LOG_LEVEL_NOTICE));
}

TEST(every_level_has_its_name)
{
	capture(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
	for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++)
		log_say((enum log_level)level, "e", "x");
	captured();
	assert_string_equal(got, "error e: x\nwarning e: x\nnotice e: x\ninfo e: x\ndebug e: x\n");
}

/* Sets JOURNAL_STREAM to a descriptor's device and inode plus some. */
static void set_journal(int fd, uintmax_t plus)
{
	char text[64];
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + plus);
	assert_int_equal(setenv("JOURNAL_STREAM", text, 1), 0);
}

TEST(the_journal_gets_priorities)
{
	capture(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
	set_journal(STDERR_FILENO, 0);
	log_open();
	for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++)
		log_say((enum log_level)level, "e", "x");
	captured();
	assert_string_equal(got, "<3>e: x\n<4>e: x\n<5>e: x\n<6>e: x\n<7>e: x\n");
	unsetenv("JOURNAL_STREAM");
}

TEST(a_stream_that_is_not_the_journals_gets_none)
{
	capture(LOG_LEVEL_NOTICE, LOG_FORMAT_TEXT);
	set_journal(STDERR_FILENO, 1); /* a pipe of the shell's between the journal and us */
	log_open();
	log_say(LOG_LEVEL_NOTICE, "e", "x");
	captured();
	unsetenv("JOURNAL_STREAM");
	assert_string_equal(got, "notice e: x\n");
}

TEST(a_long_line_is_cut_and_says_so)
{
	static const char *const fills[] = { "x", "\xC3\xA9", "\n", "\xF0\x9F\x95\x90", " ", "\xFF" };
	static const char *const ends[] = { " cut=true\n", "\",\"cut\":true}\n" };
	char big[6000];

	for (size_t i = 0; i < 2 * array_n(fills); i++) {
		size_t one = strlen(fills[i / 2]), n = 0;
		struct log_line l;

		for (; n + one < sizeof(big); n += one)
			memcpy(big + n, fills[i / 2], one);
		big[n] = '\0';
		capture(LOG_LEVEL_NOTICE, i % 2 == 0 ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON);
		log_begin(&l, LOG_LEVEL_NOTICE, "event");
		log_text(&l, "big", big);
		log_text(&l, "late", "left out");
		log_number(&l, "later", 1);
		log_end(&l);
		captured();
		n = strlen(got);
		assert_in_range(n, LOG_LINE_MAX - 40, LOG_LINE_MAX);
		assert_string_equal(got + n - strlen(ends[i % 2]), ends[i % 2]);
		assert_int_equal(lines_in(got), 1);
		assert_null(strstr(got, "late"));
	}
}

TEST(a_long_value_is_never_cut_within_a_character)
{
	char big[3000];

	for (size_t x_n = 0; x_n < 12; x_n++) { /* a clock's escape is 12 bytes: the cut comes at each place of one */
		memset(big, 'x', x_n);
		for (size_t i = x_n; i + 4 < sizeof(big); i += 4)
			memcpy(big + i, "\xF0\x9F\x95\x90", 5);
		capture(LOG_LEVEL_NOTICE, LOG_FORMAT_TEXT);
		log_say(LOG_LEVEL_NOTICE, "e", "%s", big);
		captured();
		assert_in_range(strlen(got), LOG_LINE_MAX - 40, LOG_LINE_MAX);
		assert_null(strstr(got, "\\u00f0"));
		assert_non_null(strstr(got, "\\ud83d\\udd50 cut=true\n"));
	}
}

TEST(a_long_sentence_is_cut_too)
{
	char big[6000];

	memset(big, 's', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	capture(LOG_LEVEL_NOTICE, LOG_FORMAT_TEXT);
	log_say(LOG_LEVEL_NOTICE, "e", "%s", big);
	captured();
	assert_in_range(strlen(got), LOG_LINE_MAX - 40, LOG_LINE_MAX);
	assert_string_equal(got + strlen(got) - 12, "ss cut=true\n");
}

TEST(many_values_end_between_two_of_them)
{
	struct log_line l;

	capture(LOG_LEVEL_NOTICE, LOG_FORMAT_JSON);
	log_begin(&l, LOG_LEVEL_NOTICE, "event");
	for (int i = 0; i < 400; i++)
		log_number(&l, "key", 1000000 + i);
	log_end(&l);
	captured();
	assert_in_range(strlen(got), LOG_LINE_MAX - 60, LOG_LINE_MAX);
	assert_string_equal(got + strlen(got) - 13, ",\"cut\":true}\n");
	assert_in_range(got[strlen(got) - 14], '0', '9');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_line_has_its_level_event_and_values),
		cmocka_unit_test(a_json_line_has_the_same_keys),
		cmocka_unit_test(values_are_quoted_only_where_they_must_be),
		cmocka_unit_test(nothing_from_a_peer_can_start_a_line),
		cmocka_unit_test(a_line_below_the_level_is_not_written),
		cmocka_unit_test(every_level_has_its_name),
		cmocka_unit_test(the_journal_gets_priorities),
		cmocka_unit_test(a_stream_that_is_not_the_journals_gets_none),
		cmocka_unit_test(a_long_line_is_cut_and_says_so),
		cmocka_unit_test(a_long_value_is_never_cut_within_a_character),
		cmocka_unit_test(a_long_sentence_is_cut_too),
		cmocka_unit_test(many_values_end_between_two_of_them),
	};

	unsetenv("JOURNAL_STREAM");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
