/* SPDX-License-Identifier: MIT */
/* What is said of the usual slips in a settings file. */
#include "test.h"

#include <string.h>

#include "base/attr.h"
#include "settings/slips.h"

#define GENERAL "something is wrong here or on the line before"

static void expect(const char *text, unsigned line, const char *begins)
{
	char storage[320];
	struct text t = TEXT_OVER(storage);

	slips_explain(&t, text, line);
	if (strncmp(t.at, begins, strlen(begins)) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", text, t.at, begins);
}

TEST(a_word_without_quotation_marks_is_named)
{
	expect("user = nobody;\n", 1, "nobody is a bare word");
	expect("log : { level:debug; };", 1, "debug is a bare word");
	expect("a = [ \"x\", y ];", 1, "y is a bare word");
	expect("a = 1;\nuser = nobody\nb = 2;\n", 3, "nobody is a bare word"); /* libconfig has come a line further */
	expect("user = \n\tnobody;", 2, "nobody is a bare word");
}

TEST(true_and_false_are_no_bare_words)
{
	expect("enabled = true,;", 1, GENERAL);
	expect("enabled = False }", 1, GENERAL);
}

TEST(single_quotation_marks_are_named)
{
	expect("user = 'nobody';", 1, "text stands between double quotation marks: \"nobody\"");
	expect("a = [ 'x', 'y' ];", 1, "text stands between double quotation marks: \"x\"");
	expect("user = 'open\nb = 1;", 1, "text stands between double quotation marks: \"open\"");
	expect("user = \"it's\" \"", 1, GENERAL);
}

TEST(an_array_of_groups_is_told_from_a_list)
{
	expect("listeners = [ { service = \"echo\"; } ];", 1, "[ ] holds single values only");
	expect("listeners = [\n\n\t{ service = \"echo\"; } ];", 3, "[ ] holds single values only");
	expect("a = [ ( 1 ) ];", 1, "[ ] holds single values only");
}

TEST(a_value_that_is_missing_is_told)
{
	expect("user = ;", 1, "there is no value behind the =");
	expect("user =\nport_offset = 5;", 2, "there is no value behind the =");
}

TEST(comments_and_strings_are_not_looked_into)
{
	expect("# user = nobody\nx y;", 2, GENERAL);
	expect("// user = 'x'\n= 5;", 2, GENERAL);
	expect("a = \"b = c \\\" d = 'e'\" f;", 1, GENERAL);
}

TEST(whatever_the_line_is_nothing_is_read_beyond_the_text)
{
	static const char *const texts[] = {
		"", "\n", "=", "a =", "'", "a = '", "a = \"", "a = \"\\", "[", "#", "/", "a = /"
	};

	for (size_t i = 0; i < array_n(texts); i++)
		for (unsigned line = 0; line < 5; line++) {
			char storage[320];
			struct text t = TEXT_OVER(storage);

			slips_explain(&t, texts[i], line);
			assert_true(t.len > 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_without_quotation_marks_is_named),
		cmocka_unit_test(true_and_false_are_no_bare_words),
		cmocka_unit_test(single_quotation_marks_are_named),
		cmocka_unit_test(an_array_of_groups_is_told_from_a_list),
		cmocka_unit_test(a_value_that_is_missing_is_told),
		cmocka_unit_test(comments_and_strings_are_not_looked_into),
		cmocka_unit_test(whatever_the_line_is_nothing_is_read_beyond_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
