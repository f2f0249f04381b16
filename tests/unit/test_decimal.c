/* SPDX-License-Identifier: MIT */
/* decimal: digits and nothing else, and no number that wraps. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/decimal.h"

TEST(a_text_of_digits_is_a_number_up_to_its_bound)
{
	uint64_t v = 0;

	assert_int_equal(decimal_parse("0", 0, &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(decimal_parse("007", 7, &v), 0);
	assert_int_equal(v, 7);
	assert_int_equal(decimal_parse("65535", 65535, &v), 0);
	assert_int_equal(v, 65535);
	assert_int_equal(decimal_parse("65536", 65535, &v), -ERANGE);
	assert_int_equal(decimal_parse("18446744073709551615", UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(decimal_parse("18446744073709551616", UINT64_MAX, &v), -ERANGE);
	assert_int_equal(decimal_parse("99999999999999999999999999999999", UINT64_MAX, &v), -ERANGE);
	assert_true(v == UINT64_MAX);
}

TEST(what_strtoull_forgives_is_no_number)
{
	static const char *const texts[] = { "", " 1", "1 ", "+1", "-1", "0x10", "1e3", "1.0", "a", "1\n" };
	uint64_t v = 42;

	for (size_t i = 0; i < array_n(texts); i++)
		if (decimal_parse(texts[i], UINT64_MAX, &v) != -EINVAL)
			fail_msg("\"%s\" is taken for a number", texts[i]);
	assert_int_equal(v, 42);
}

TEST(digits_are_taken_up_to_what_follows)
{
	const char *at = "64k";
	uint64_t v = 0;

	assert_int_equal(decimal_take(&at, &v), 0);
	assert_int_equal(v, 64);
	assert_string_equal(at, "k");
	assert_int_equal(decimal_take(&at, &v), -EINVAL);
	assert_string_equal(at, "k");
	at = "99999999999999999999/s";
	assert_int_equal(decimal_take(&at, &v), -ERANGE);
	assert_string_equal(at, "/s");
	assert_int_equal(v, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_of_digits_is_a_number_up_to_its_bound),
		cmocka_unit_test(what_strtoull_forgives_is_no_number),
		cmocka_unit_test(digits_are_taken_up_to_what_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
