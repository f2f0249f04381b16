/* SPDX-License-Identifier: MIT */
/* variation: the example of RFC 5481 section 4.4, and the jitter of RFC 3550 appendix A.8. */
#include "test.h"

#include <stdlib.h>

#include "echoprobe/variation.h"
#include "probe_numbers.h"

static struct variation v;

static int begin(void **state maybe_unused)
{
	v = (struct variation){ 0 };
	return 0;
}

TEST(the_delays_of_rfc_5481_differ_by_its_ipdv)
{
	static const int64_t delays[] = { 20, 10, 20, 25, 20 }, ipdv[] = { 0, -10, 10, 5, -5 };
	int64_t got = 0;

	assert_false(variation_in_order(&v, 0, delays[0], &got));
	for (unsigned i = 1; i < array_n(delays); i++) {
		assert_true(variation_in_order(&v, i, delays[i], &got));
		assert_int_equal(got, ipdv[i]);
	}
}

TEST(neighbours_of_a_lost_packet_are_not_compared)
{
	int64_t got = 0;

	assert_false(variation_in_order(&v, 0, 100, &got));
	assert_false(variation_in_order(&v, 2, 900, &got));
	assert_true(variation_in_order(&v, 3, 903, &got));
	assert_int_equal(got, 3);
}

static double jitter_after(struct variation *of, int64_t transit_ns)
{
	double jitter_ns;

	return variation_arrived(of, transit_ns, &jitter_ns) ? jitter_ns : -1;
}

TEST(jitter_is_unknown_at_the_first_packet_and_then_moves_a_sixteenth_of_the_way)
{
	assert_within(jitter_after(&v, 5000), -1, 0);
	assert_within(jitter_after(&v, 5160), 10, 1e-9);
	assert_within(jitter_after(&v, 5000), 10 + (160 - 10) / 16.0, 1e-9);
}

/* The appendix in whole numbers, as it stands there: `s->jitter += d - ((s->jitter + 8) >> 4)` is 16 J. */
TEST(jitter_is_that_of_the_code_of_rfc_3550)
{
	uint64_t seed = 3550;
	long long transit = 0, scaled = 0;
	double jitter = 0;

	for (unsigned i = 0; i < 10000; i++) {
		long long now = 50000000 + random_delay(&seed, 3000000), d = llabs(now - transit);

		if (i != 0)
			scaled += d - ((scaled + 8) >> 4);
		transit = now;
		jitter = jitter_after(&v, now);
		assert_true(i == 0 || fabs(jitter - (double)scaled / 16) < 2);
	}
	assert_true(jitter > 1000000);
}

TEST(an_offset_of_the_other_clock_changes_nothing)
{
	struct variation shifted = { 0 };
	uint64_t seed = 1;
	int64_t plain = 0, other = 0;

	for (unsigned i = 0; i < 100; i++) {
		int64_t delay = random_delay(&seed, 1000000), far = delay - INT64_C(50000000000000);

		assert_true(jitter_after(&v, delay) == jitter_after(&shifted, far));
		assert_true(variation_in_order(&v, i, delay, &plain) == (i != 0));
		assert_true(variation_in_order(&shifted, i, far, &other) == (i != 0));
		assert_int_equal(plain, other);
	}
}

#define FRESH(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(the_delays_of_rfc_5481_differ_by_its_ipdv),
		FRESH(neighbours_of_a_lost_packet_are_not_compared),
		FRESH(jitter_is_unknown_at_the_first_packet_and_then_moves_a_sixteenth_of_the_way),
		FRESH(jitter_is_that_of_the_code_of_rfc_3550),
		FRESH(an_offset_of_the_other_clock_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
