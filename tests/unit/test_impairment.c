/* SPDX-License-Identifier: MIT */
/* impairment: faults on purpose that both ends of a path compute alike. */
#include "test.h"

#include <string.h>

#include "base/siphash.h"
#include "wire/impairment.h"

#define MANY 100000

static const enum impairment_fault faults[] = { IMPAIRMENT_DROP, IMPAIRMENT_DUPLICATE, IMPAIRMENT_CORRUPT,
						IMPAIRMENT_TRUNCATE, IMPAIRMENT_REORDER };

TEST(a_fault_hits_where_the_hash_keyed_by_seed_and_place_is_under_its_share)
{
	for (unsigned f = 0; f < array_n(faults); f++) {
		struct impairment i = { .seed = 42 };

		i.share_ppm[faults[f]] = 250000;
		for (uint32_t payload = 0; payload < 2000; payload++) {
			const struct siphash_key key = { { 42, faults[f] } };
			bool wanted = siphash(&key, &payload, sizeof(payload)) < UINT64_C(1) << 62;
			struct impairment_verdict v = impairment_by_content(&i, &payload, sizeof(payload));

			assert_true(impairment_hits(v.hits, faults[f]) == wanted);
			assert_int_equal(v.hits, wanted ? 1U << faults[f] : 0);
		}
	}
}

TEST(by_order_the_number_takes_the_place_of_the_payload_in_eight_octets_the_lowest_first)
{
	struct impairment i = { .seed = 7, .share_ppm = { [IMPAIRMENT_CORRUPT] = 500000, [IMPAIRMENT_TRUNCATE] = 500000 } };

	for (unsigned count = 0; count < 255; count++) {
		const uint8_t octets[8] = { (uint8_t)count, 1 };
		struct impairment_verdict by_order = impairment_by_order(&i, 256 + count);
		struct impairment_verdict by_content = impairment_by_content(&i, octets, 8);

		assert_int_equal(by_order.hits, by_content.hits);
		assert_int_equal(by_order.keep, by_content.keep);
		assert_int_equal(by_order.flip, by_content.flip);
	}
}

TEST(shares_are_met_and_faults_do_not_depend_on_each_other)
{
	struct impairment i = { .seed = 3 };
	unsigned n[IMPAIRMENT_PLACES] = { 0 }, both = 0;

	i.share_ppm[IMPAIRMENT_DUPLICATE] = 100000;
	i.share_ppm[IMPAIRMENT_REORDER] = 5000;
	i.share_ppm[IMPAIRMENT_CORRUPT] = 300000;
	for (uint64_t count = 0; count < MANY; count++) {
		struct impairment_verdict v = impairment_by_order(&i, count);

		for (unsigned f = 0; f < IMPAIRMENT_PLACES; f++)
			n[f] += impairment_hits(v.hits, (enum impairment_fault)f);
		both += impairment_hits(v.hits, IMPAIRMENT_DUPLICATE) && impairment_hits(v.hits, IMPAIRMENT_CORRUPT);
	}
	assert_in_range(n[IMPAIRMENT_DUPLICATE], 9600, 10400);
	assert_in_range(n[IMPAIRMENT_REORDER], 400, 600);
	assert_in_range(n[IMPAIRMENT_CORRUPT], 29400, 30600);
	assert_in_range(both, 2800, 3200);
	assert_int_equal(n[IMPAIRMENT_DROP] + n[IMPAIRMENT_TRUNCATE], 0);
}

TEST(a_share_of_all_hits_each_and_what_is_dropped_has_no_other_fault)
{
	struct impairment i = { .seed = 1 };

	for (unsigned f = 0; f < array_n(faults); f++)
		i.share_ppm[faults[f]] = IMPAIRMENT_WHOLE_PPM;
	for (uint64_t count = 0; count < 1000; count++)
		assert_int_equal(impairment_by_order(&i, count).hits, 1U << IMPAIRMENT_DROP);
	i.share_ppm[IMPAIRMENT_DROP] = 0;
	for (uint64_t count = 0; count < 1000; count++)
		assert_int_equal(impairment_by_order(&i, count).hits, 0x4E);
}

TEST(what_is_cut_is_shorter_and_one_bit_of_what_is_corrupted_is_flipped)
{
	struct impairment i = { .seed = 9,
				.share_ppm = { [IMPAIRMENT_CORRUPT] = 1000000, [IMPAIRMENT_TRUNCATE] = 1000000 } };
	unsigned kept[4] = { 0 }, flipped[32] = { 0 };
	struct impairment_verdict v;
	uint32_t answer;

	for (uint64_t count = 0; count < 4000; count++) {
		size_t n;

		v = impairment_by_order(&i, count);
		answer = 0;
		n = impairment_apply(&v, (uint8_t *)&answer, 4);
		assert_true(n < 4 && answer != 0 && (answer & (answer - 1)) == 0);
		kept[n]++;
		flipped[__builtin_ctz(answer)]++;
	}
	for (unsigned k = 0; k < 4; k++)
		assert_in_range(kept[k], 850, 1150);
	for (unsigned b = 0; b < 32; b++)
		assert_in_range(flipped[b], 80, 180);
	i.share_ppm[IMPAIRMENT_TRUNCATE] = 0;
	v = impairment_by_order(&i, 0);
	assert_int_equal(impairment_apply(&v, (uint8_t *)&answer, 4), 4);
}

TEST(an_empty_answer_is_neither_corrupted_nor_cut)
{
	struct impairment i = { .share_ppm = { [IMPAIRMENT_CORRUPT] = 1000000,
					       [IMPAIRMENT_TRUNCATE] = 1000000,
					       [IMPAIRMENT_DUPLICATE] = 1000000 } };
	struct impairment_verdict v = impairment_by_content(&i, "", 0);
	uint8_t none[1] = { 0 };

	assert_int_equal(impairment_apply(&v, none, 0), 0);
	assert_int_equal(none[0], 0);
	assert_int_equal(v.hits, 1U << IMPAIRMENT_DUPLICATE);
}

TEST(jitter_is_spread_evenly_and_stays_under_its_bound)
{
	struct impairment i = { .seed = 5, .jitter_ns = 1000 };
	uint64_t sum = 0;

	for (uint64_t count = 0; count < MANY; count++) {
		uint64_t jitter_ns = impairment_by_order(&i, count).jitter_ns;

		assert_true(jitter_ns < 1000);
		sum += jitter_ns;
	}
	assert_in_range(sum / MANY, 490, 510);
	i.jitter_ns = 0;
	assert_int_equal(impairment_by_order(&i, 0).jitter_ns, 0);
}

TEST(another_seed_hits_others)
{
	struct impairment i = { .seed = 1, .share_ppm = { [IMPAIRMENT_DROP] = 500000 } }, other = i;
	unsigned same = 0;

	other.seed = 2;
	for (uint64_t count = 0; count < 1000; count++)
		same += impairment_by_order(&i, count).hits == impairment_by_order(&other, count).hits;
	assert_in_range(same, 420, 580);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_hits_where_the_hash_keyed_by_seed_and_place_is_under_its_share),
		cmocka_unit_test(by_order_the_number_takes_the_place_of_the_payload_in_eight_octets_the_lowest_first),
		cmocka_unit_test(shares_are_met_and_faults_do_not_depend_on_each_other),
		cmocka_unit_test(a_share_of_all_hits_each_and_what_is_dropped_has_no_other_fault),
		cmocka_unit_test(what_is_cut_is_shorter_and_one_bit_of_what_is_corrupted_is_flipped),
		cmocka_unit_test(an_empty_answer_is_neither_corrupted_nor_cut),
		cmocka_unit_test(jitter_is_spread_evenly_and_stays_under_its_bound),
		cmocka_unit_test(another_seed_hits_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
