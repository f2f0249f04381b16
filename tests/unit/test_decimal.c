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

TEST(a_number_with_a_unit_is_read_exactly_or_not_at_all)
{
	static const struct decimal_unit units[] = { { "s", UINT64_C(1000000000) }, { "us", 1000 }, { "", 1000 } };
	static const char *const wrong[] = { "",      "s",    ".5s", "1.s", "1.2.3s", "1 s",
					     "1.5 s", "1sec", "-1s", "1e3", "0.1234", "0.0000000001s" };
	uint64_t v = 42;

	for (size_t i = 0; i < array_n(wrong); i++)
		if (decimal_with_unit(wrong[i], units, array_n(units), &v) != -EINVAL)
			fail_msg("\"%s\" is taken", wrong[i]);
	assert_int_equal(decimal_with_unit("99999999999s", units, array_n(units), &v), -ERANGE);
	assert_int_equal(v, 42);
	assert_int_equal(decimal_with_unit("1.000000001s", units, array_n(units), &v), 0);
	assert_int_equal(v, 1000000001);
	assert_int_equal(decimal_with_unit("2.50us", units, array_n(units), &v), 0);
	assert_int_equal(v, 2500);
	assert_int_equal(decimal_thousandths("0.1250000", &v), 0);
	assert_int_equal(v, 125);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_of_digits_is_a_number_up_to_its_bound),
		cmocka_unit_test(what_strtoull_forgives_is_no_number),
		cmocka_unit_test(digits_are_taken_up_to_what_follows),
		cmocka_unit_test(a_number_with_a_unit_is_read_exactly_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
