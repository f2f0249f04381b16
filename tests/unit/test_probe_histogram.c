/* SPDX-License-Identifier: MIT */
/* histogram: buckets without gaps, percentiles as near as it says, merging without a trace. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "echoprobe/histogram.h"
#include "probe_numbers.h"

#define VALUES_N 5000

static struct histogram h, other, both;

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int begin(void **state maybe_unused)
{
	memset(&h, 0, sizeof(h));
	memset(&other, 0, sizeof(other));
	memset(&both, 0, sizeof(both));
	return 0;
}

TEST(buckets_follow_each_other_without_gap_from_0_to_2_to_the_43)
{
	assert_int_equal(histogram_low_ns(0), 0);
	for (unsigned i = 1; i < HISTOGRAM_BUCKETS; i++)
		assert_int_equal(histogram_low_ns(i), histogram_high_ns(i - 1) + 1);
	assert_int_equal(histogram_high_ns(HISTOGRAM_BUCKETS - 1), (INT64_C(1) << 43) - 1);
}

TEST(both_ends_of_each_bucket_are_counted_in_it_and_its_middle_is_near_them)
{
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		int64_t low = histogram_low_ns(i), high = histogram_high_ns(i), middle = low + (high - low) / 2;

		histogram_add(&h, low);
		histogram_add(&h, high);
		assert_int_equal(h.bucket[i], 2);
		assert_true((middle - low) * 256 <= low && (high - middle) * 256 <= high);
	}
}

TEST(a_bucket_of_12_ms_has_the_bounds_of_the_published_example)
{
	unsigned i = 0;

	while (histogram_high_ns(i) < 11534336)
		i++;
	assert_int_equal(histogram_low_ns(i), 11534336);
	assert_int_equal(histogram_high_ns(i), 11599871);
}

TEST(values_beyond_the_ends_are_counted_and_are_minimum_and_maximum)
{
	histogram_add(&h, -5);
	histogram_add(&h, INT64_MAX);
	assert_int_equal(h.bucket[0], 1);
	assert_int_equal(h.bucket[HISTOGRAM_BUCKETS - 1], 1);
	assert_int_equal(h.min_ns, -5);
	assert_true(h.max_ns == INT64_MAX);
}

TEST(minimum_and_maximum_are_exact_and_merge)
{
	histogram_add(&h, 1000001);
	assert_int_equal(h.min_ns, 1000001);
	assert_int_equal(h.max_ns, 1000001);
	histogram_add(&h, 1000003);
	histogram_add(&h, 999999);
	assert_int_equal(h.min_ns, 999999);
	assert_int_equal(h.max_ns, 1000003);
	histogram_add(&other, -7);
	assert_int_equal(other.max_ns, -7);
	histogram_merge(&both, &other);
	assert_int_equal(both.max_ns, -7);
	histogram_merge(&both, &h);
	assert_int_equal(both.min_ns, -7);
	assert_int_equal(both.max_ns, 1000003);
	assert_int_equal(both.n, 4);
	assert_int_equal(both.bucket[0], 1);
}

TEST(a_percentile_is_unknown_until_a_value_can_be_above_it)
{
	int64_t ns;

	assert_false(histogram_percentile(&h, 500, &ns));
	for (unsigned n = 1; n <= 1000; n++) {
		histogram_add(&h, n);
		assert_true(histogram_percentile(&h, 500, &ns) == (n >= 2));
		assert_true(histogram_percentile(&h, 990, &ns) == (n >= 100));
		assert_true(histogram_percentile(&h, 999, &ns) == (n >= 1000));
	}
}

TEST(a_percentile_is_the_value_of_the_nearest_rank)
{
	int64_t ns = 0;

	for (int64_t v = 1; v <= 100; v++) /* each has a bucket of its own */
		histogram_add(&h, v);
	assert_true(histogram_percentile(&h, 500, &ns));
	assert_int_equal(ns, 50);
	assert_true(histogram_percentile(&h, 990, &ns));
	assert_int_equal(ns, 99);
	histogram_add(&h, 1);
	assert_true(histogram_percentile(&h, 500, &ns)); /* rank ceil(50.5) of 1 1 2 3 ... */
	assert_int_equal(ns, 50);
}

TEST(percentiles_of_random_delays_are_within_one_part_in_256_of_the_exact_ones)
{
	static const unsigned wanted[] = { 10, 500, 900, 950, 990, 999 };
	static int64_t values[VALUES_N];

	for (uint64_t seed = 1; seed <= 20; seed++) {
		uint64_t s = seed;

		begin(NULL);
		for (unsigned i = 0; i < VALUES_N; i++) {
			values[i] = 100000 + random_delay(&s, INT64_C(1) << random_below(&s, 35));
			histogram_add(&h, values[i]);
		}
		qsort(values, VALUES_N, sizeof(values[0]), compare);
		for (unsigned q = 0; q < array_n(wanted); q++) {
			int64_t exact = values[(VALUES_N * wanted[q] + 999) / 1000 - 1], ns = 0;

			assert_true(histogram_percentile(&h, wanted[q], &ns));
			assert_true(llabs(ns - exact) * 256 <= exact);
		}
	}
}

TEST(a_percentile_never_leaves_minimum_and_maximum)
{
	int64_t ns = 0;

	histogram_add(&h, 1000001);
	histogram_add(&h, 1000001);
	assert_true(histogram_percentile(&h, 500, &ns));
	assert_int_equal(ns, 1000001);
}

TEST(merged_histograms_are_the_histogram_of_all_values)
{
	uint64_t seed = 7;

	for (unsigned i = 0; i < VALUES_N; i++) {
		int64_t v = random_delay(&seed, 1000000);

		histogram_add(random_below(&seed, 2) ? &h : &other, v);
		histogram_add(&both, v);
	}
	histogram_merge(&h, &other);
	assert_memory_equal(&h, &both, sizeof(h));
	begin(NULL);
	histogram_add(&h, 5);
	both = h;
	histogram_merge(&h, &other); /* empty: its minimum of 0 is none */
	assert_memory_equal(&h, &both, sizeof(h));
	histogram_merge(&other, &h);
	assert_memory_equal(&other, &both, sizeof(h));
}

#define FRESH(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(buckets_follow_each_other_without_gap_from_0_to_2_to_the_43),
		FRESH(both_ends_of_each_bucket_are_counted_in_it_and_its_middle_is_near_them),
		FRESH(a_bucket_of_12_ms_has_the_bounds_of_the_published_example),
		FRESH(values_beyond_the_ends_are_counted_and_are_minimum_and_maximum),
		FRESH(minimum_and_maximum_are_exact_and_merge),
		FRESH(a_percentile_is_unknown_until_a_value_can_be_above_it),
		FRESH(a_percentile_is_the_value_of_the_nearest_rank),
		FRESH(percentiles_of_random_delays_are_within_one_part_in_256_of_the_exact_ones),
		FRESH(a_percentile_never_leaves_minimum_and_maximum),
		FRESH(merged_histograms_are_the_histogram_of_all_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
