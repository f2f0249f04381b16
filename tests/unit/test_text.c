/* SPDX-License-Identifier: MIT */
/* Text in storage of a fixed size: nothing beyond its end, nothing of a peer's that could start a line. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

TEST(what_does_not_fit_is_left_out_whole)
{
	char storage[8];
	struct text t = TEXT_OVER(storage);

	text_add(&t, "abc");
	text_add(&t, "defgh"); /* one too many: the NUL needs its place */
	assert_string_equal(storage, "abc");
	assert_true(t.cut);
	text_addf(&t, "%d", 12345);
	assert_string_equal(storage, "abc");
	text_addf(&t, "%d", 1234);
	assert_string_equal(storage, "abc1234");
	assert_int_equal(t.len, 7);
	text_add(&t, "");
	text_add_quoted(&t, "", 0);
	assert_string_equal(storage, "abc1234");
	t.len = 0;
	text_add_quoted(&t, "fits", 4);
	assert_true(t.cut); /* still: it tells of the whole text */
}

TEST(a_text_that_fits_is_not_cut)
{
	char storage[8];
	struct text t = TEXT_OVER(storage);

	text_addf(&t, "%s-%d", "abc", 123);
	assert_string_equal(storage, "abc-123");
	assert_false(t.cut);
}

TEST(nothing_is_written_beyond_the_storage)
{
	char guarded[16];
	struct text t = { .at = guarded, .cap = 4 };

	memset(guarded, 'G', sizeof(guarded));
	guarded[0] = '\0';
	text_addf(&t, "%s", "far too long");
	text_add_quoted(&t, "\n\n\n", 3);
	text_add_bytes(&t, "abcd", 4);
	assert_true(t.cut);
	assert_memory_equal(guarded + 4, "GGGGGGGGGGGG", 12);
}

static void assert_quoted(const char *s, size_t n, const char *want)
{
	char storage[128];
	struct text t = TEXT_OVER(storage);

	text_add_quoted(&t, s, n);
	assert_string_equal(storage, want);
	assert_false(t.cut);
}

TEST(quoted_text_is_a_json_string)
{
	assert_quoted("plain text", 10, "\"plain text\"");
	assert_quoted("\"\\/", 3, "\"\\\"\\\\/\"");
	assert_quoted("\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"");
	assert_quoted("\0\x01\x1B\x7F", 4, "\"\\u0000\\u0001\\u001b\\u007f\"");
}

TEST(utf8_becomes_its_code_points)
{
	assert_quoted("\xC3\xA9\xE2\x82\xAC", 5, "\"\\u00e9\\u20ac\"");
	assert_quoted("\xF0\x9F\x95\x90", 4, "\"\\ud83d\\udd50\""); /* U+1F550, a clock */
	assert_quoted("\xC2\x85", 2, "\"\\u0085\"");                /* NEL: some terminals take it for a new line */
}

TEST(bytes_that_are_not_utf8_become_single_characters)
{
	assert_quoted("\xFF"
		      "a",
		      2, "\"\\u00ffa\"");
	assert_quoted("\xC3", 1, "\"\\u00c3\"");     /* the text ends within a character */
	assert_quoted("\xC3\xA9", 1, "\"\\u00c3\""); /* and what follows is not its own */
	assert_quoted("\xC3(", 2, "\"\\u00c3(\"");
	assert_quoted("\xC0\xAF", 2, "\"\\u00c0\\u00af\""); /* an overlong "/" */
	assert_quoted("\xE0\x80\xAF", 3, "\"\\u00e0\\u0080\\u00af\"");
	assert_quoted("\xED\xA0\x80", 3, "\"\\u00ed\\u00a0\\u0080\""); /* a surrogate */
	assert_quoted("\xF4\x90\x80\x80", 4, "\"\\u00f4\\u0090\\u0080\\u0080\"");
}

TEST(quoted_text_fits_whole_or_not_at_all)
{
	char storage[9];
	struct text t = TEXT_OVER(storage);

	text_add_quoted(&t, "ab\ncd", 5); /* 8 bytes and the NUL */
	assert_string_equal(storage, "\"ab\\ncd\"");
	t = TEXT_OVER(storage);
	text_add_quoted(&t, "ab\ncde", 6);
	assert_string_equal(storage, "");
	assert_true(t.cut);
}

TEST(a_printable_sentence_keeps_its_quotation_marks)
{
	char storage[64];
	struct text t = TEXT_OVER(storage);

	text_add_printable(&t, "no \"x\\y\"\n\xFF", 10);
	assert_string_equal(storage, "no \"x\\y\"\\n\\u00ff");
}

TEST(case_is_ignored_for_ascii_letters_only)
{
	assert_true(text_same_ignoring_case("Daytime", "dAYTIME"));
	assert_true(text_same_ignoring_case("", ""));
	assert_false(text_same_ignoring_case("echo", "echos"));
	assert_false(text_same_ignoring_case("echos", "echo"));
	assert_false(text_same_ignoring_case("@", "`")); /* 0x20 apart as letters are */
	assert_false(text_same_ignoring_case("\xC9", "\xE9"));
}

TEST(the_distance_counts_single_edits)
{
	assert_int_equal(text_distance("listen", "listen", 3), 0);
	assert_int_equal(text_distance("lisen", "listen", 3), 1);
	assert_int_equal(text_distance("listten", "listen", 3), 1);
	assert_int_equal(text_distance("lusten", "listen", 3), 1);
	assert_int_equal(text_distance("litsen", "listen", 3), 1);
	assert_int_equal(text_distance("", "abc", 3), 3);
	assert_int_equal(text_distance("kitten", "sitting", 3), 3);
	assert_int_equal(text_distance("banana", "ananab", 3), 2);
}

TEST(the_distance_stops_one_beyond_its_limit)
{
	assert_int_equal(text_distance("daytime", "chargen", 2), 3);
	assert_int_equal(text_distance("abc", "", 2), 3);
	assert_int_equal(text_distance("a", "b", 0), 1);
}

TEST(a_copy_is_cut_at_its_capacity)
{
	char to[4];

	assert_int_equal(text_copy(to, sizeof(to), "abc"), 0);
	assert_string_equal(to, "abc");
	assert_int_equal(text_copy(to, sizeof(to), "wxyz"), -ENAMETOOLONG);
	assert_string_equal(to, "wxy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_fit_is_left_out_whole),
		cmocka_unit_test(a_text_that_fits_is_not_cut),
		cmocka_unit_test(nothing_is_written_beyond_the_storage),
		cmocka_unit_test(quoted_text_is_a_json_string),
		cmocka_unit_test(utf8_becomes_its_code_points),
		cmocka_unit_test(bytes_that_are_not_utf8_become_single_characters),
		cmocka_unit_test(quoted_text_fits_whole_or_not_at_all),
		cmocka_unit_test(a_printable_sentence_keeps_its_quotation_marks),
		cmocka_unit_test(case_is_ignored_for_ascii_letters_only),
		cmocka_unit_test(the_distance_counts_single_edits),
		cmocka_unit_test(the_distance_stops_one_beyond_its_limit),
		cmocka_unit_test(a_copy_is_cut_at_its_capacity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
