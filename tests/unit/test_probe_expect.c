/* SPDX-License-Identifier: MIT */
/* expect: the words of --expect-impair. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "echoprobe/expect.h"

TEST(a_seed_and_shares_are_read)
{
	struct impairment i;

	assert_int_equal(
		expect_parse("18446744073709551615,drop=1,reorder=0.5%,truncate=100%,duplicate=20,corrupt=0.0001", &i), 0);
	assert_true(i.seed == UINT64_MAX);
	assert_int_equal(i.share_ppm[IMPAIRMENT_DROP], 10000);
	assert_int_equal(i.share_ppm[IMPAIRMENT_REORDER], 5000);
	assert_int_equal(i.share_ppm[IMPAIRMENT_TRUNCATE], 1000000);
	assert_int_equal(i.share_ppm[IMPAIRMENT_DUPLICATE], 200000);
	assert_int_equal(i.share_ppm[IMPAIRMENT_CORRUPT], 1);
	assert_int_equal(expect_parse("7,drop=5%", &i), 0);
	assert_true(i.seed == 7 && i.share_ppm[IMPAIRMENT_CORRUPT] == 0);
}

TEST(what_is_no_seed_with_shares_is_refused_and_changes_nothing)
{
	static const char *const wrong[] = {
		"",
		"7",
		"7,",
		"7,drop",
		"7,drop=",
		"7,=5%",
		"x,drop=5%",
		"drop=5%",
		",drop=5%",
		"7,drop=5%,",
		"7,loss=5%",
		"7,drop=-1",
		"7,drop=1%,drop=2%",
		"7,drop=5% ",
		"-1,drop=5%",
		"7,drop=0.00000000000000000000000000000000000000000000000000001%",
	};
	struct impairment i, before;

	memset(&i, 0x5A, sizeof(i));
	before = i;
	for (unsigned k = 0; k < array_n(wrong); k++)
		assert_int_equal(expect_parse(wrong[k], &i), -EINVAL);
	assert_int_equal(expect_parse("7,drop=101%", &i), -ERANGE);
	assert_int_equal(expect_parse("18446744073709551616,drop=1%", &i), -ERANGE);
	assert_memory_equal(&i, &before, sizeof(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_and_shares_are_read),
		cmocka_unit_test(what_is_no_seed_with_shares_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
