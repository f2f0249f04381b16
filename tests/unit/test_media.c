/* SPDX-License-Identifier: MIT */
/* Which format of metrics an asker gets, by what it accepts. */

#include "test.h"

#include "base/media.h"

#define OPENMETRICS "application/openmetrics-text"

static bool wants(const char *accept)
{
	struct media_wish wish = { 0 };

	media_read(accept, &wish);
	return media_wants_openmetrics(&wish);
}

TEST(openmetrics_is_for_those_that_name_it)
{
	assert_true(wants(OPENMETRICS));
	assert_true(wants(OPENMETRICS "; version=1.0.0; charset=utf-8"));
	assert_true(wants(OPENMETRICS ";version=1.0.0;escaping=allow-utf-8;q=0.6," OPENMETRICS
				      ";version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
				      "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"));
	assert_true(wants("text/html, " OPENMETRICS));
	assert_false(wants(""));
	assert_false(wants("*/*"));
	assert_false(wants("application/*"));
	assert_false(wants("text/plain"));
	assert_false(wants("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
	assert_false(wants(OPENMETRICS "-2, x" OPENMETRICS));
}

TEST(who_would_rather_have_text_gets_it)
{
	assert_false(wants(OPENMETRICS ";q=0"));
	assert_false(wants(OPENMETRICS "; q=0.000, text/plain"));
	assert_false(wants(OPENMETRICS ";q=0.5,text/plain"));
	assert_false(wants("text/*;q=0.6," OPENMETRICS ";q=0.5"));
	assert_false(wants("*/*, " OPENMETRICS ";q=0.5"));
	assert_true(wants(OPENMETRICS ";q=0.5, text/plain;q=0.4, */*"));
	assert_true(wants("text/plain;q=0.5," OPENMETRICS ";q=0.5"));
	assert_true(wants("text/*, text/plain;q=0, " OPENMETRICS ";q=0.001"));
}

TEST(words_are_the_same_in_capitals)
{
	assert_true(wants("Application/OpenMetrics-Text"));
	assert_false(wants("APPLICATION/OPENMETRICS-TEXT;Q=0.1, TEXT/PLAIN;Q=0.2"));
}

TEST(a_comma_in_quotation_marks_parts_nothing)
{
	assert_false(wants("text/html;a=\", " OPENMETRICS "\""));
	assert_false(wants("text/html;a=\"\\\", " OPENMETRICS "\""));
	assert_false(wants(OPENMETRICS ";a=\";q=1\";q=0"));
	assert_true(wants("text/html;a=\"x\", " OPENMETRICS));
	assert_false(wants("text/html;a=\", " OPENMETRICS));
}

TEST(what_is_no_list_is_taken_as_far_as_it_is_one)
{
	assert_true(wants(", ,;;," OPENMETRICS ";,"));
	assert_true(wants(OPENMETRICS ";q=x"));
	assert_true(wants(OPENMETRICS ";q=2"));
	assert_true(wants(OPENMETRICS ";q="));
	assert_false(wants("\""));
	assert_false(wants("\"\\"));
}

TEST(several_headers_are_one_list)
{
	struct media_wish wish = { 0 };

	media_read("text/plain;q=0.5", &wish);
	media_read(OPENMETRICS ";q=0.4", &wish);
	assert_false(media_wants_openmetrics(&wish));
	media_read(OPENMETRICS ";version=1.0.0", &wish);
	assert_true(media_wants_openmetrics(&wish));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openmetrics_is_for_those_that_name_it),
		cmocka_unit_test(who_would_rather_have_text_gets_it),
		cmocka_unit_test(words_are_the_same_in_capitals),
		cmocka_unit_test(a_comma_in_quotation_marks_parts_nothing),
		cmocka_unit_test(what_is_no_list_is_taken_as_far_as_it_is_one),
		cmocka_unit_test(several_headers_are_one_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
