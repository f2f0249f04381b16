/* SPDX-License-Identifier: MIT */
/* payload: answers are recognised, strangers are not, and each wrong bit is found. */
#include "test.h"

#include <string.h>

#include "echoprobe/payload.h"
#include "probe_numbers.h"

#define TEXT "the quick brown fox"

static const struct payload_id id = { .seq = 0x01020304, .flow = 0x0506 };
static struct payload run = {
	.run = 0xA1A2A3A4, .key = { { 1, 2 } }, .fill = PLAN_FILL_PATTERN, .text = TEXT, .text_n = 19
};
static uint8_t packet[3000], other[3000];

static int begin(void **state maybe_unused)
{
	run.fill = PLAN_FILL_PATTERN;
	return 0;
}

static struct payload_damage compare(size_t sent_n, size_t n)
{
	return payload_compare(&run, &(struct payload_packet){ id, sent_n }, &(struct payload_octets){ packet, n },
			       UINT64_MAX);
}

TEST(the_header_has_its_members_where_the_format_says)
{
	static const uint8_t header[] = { 'e', 'c', 'h', 'o', 0xA1, 0xA2, 0xA3, 0xA4, 1, 2, 3, 4, 5, 6, 0, 1 };
	uint64_t tag = siphash(&run.key, header, sizeof(header));

	payload_write(&run, &id, packet, 64);
	assert_memory_equal(packet, header, sizeof(header));
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(packet[16 + i], (uint8_t)(tag >> (56 - 8 * i)));
}

TEST(an_answer_of_each_size_is_recognised_and_unaltered)
{
	for (enum plan_fill fill = PLAN_FILL_PATTERN; fill <= PLAN_FILL_TEXT; fill++) {
		run.fill = fill;
		for (size_t n = 0; n < 200; n++) {
			struct payload_id got = { 0 };
			struct payload_damage damage;

			payload_write(&run, &id, packet, n);
			assert_int_equal(payload_read(&run, n, &(struct payload_octets){ packet, n }, &got),
					 n < 4 ? PAYLOAD_NAMELESS : PAYLOAD_FOUND);
			assert_true(n < 4 || got.seq == id.seq);
			assert_true(n < 16 || got.flow == id.flow);
			damage = compare(n, n);
			assert_int_equal(damage.content, TALLY_INTACT);
			assert_int_equal(damage.bits, 0);
		}
	}
}

TEST(fills_are_what_their_names_say)
{
	run.fill = PLAN_FILL_ZEROS;
	payload_write(&run, &id, packet, 100);
	for (unsigned i = 24; i < 100; i++)
		assert_int_equal(packet[i], 0);
	run.fill = PLAN_FILL_PATTERN;
	payload_write(&run, &id, packet, 100);
	for (unsigned i = 24; i < 100; i++)
		assert_int_equal(packet[i], (uint8_t)(4 + i));
	run.fill = PLAN_FILL_TEXT;
	payload_write(&run, &id, packet, 100);
	assert_memory_equal(packet + 24, TEXT TEXT TEXT TEXT, 76);
}

TEST(the_random_fill_differs_from_packet_to_packet_and_from_run_to_run)
{
	struct payload another = run;
	const struct payload_id next = { .seq = id.seq + 1, .flow = id.flow };
	unsigned ones = 0;

	run.fill = another.fill = PLAN_FILL_RANDOM;
	another.run++;
	payload_write(&run, &id, packet, 1024);
	payload_write(&run, &next, other, 1024);
	assert_true(payload_compare(&run, &(struct payload_packet){ next, 1024 }, &(struct payload_octets){ packet, 1024 },
				    UINT64_MAX)
			    .bits > 3500);
	payload_write(&another, &id, other, 1024);
	assert_memory_not_equal(packet + 24, other + 24, 8);
	for (unsigned i = 24; i < 1024; i++)
		ones += (unsigned)__builtin_popcount(packet[i]);
	assert_within(ones, 4000, 200);
	for (unsigned i = 24; i < 1024; i += 8)
		for (unsigned k = i + 8; k < 1024; k += 8)
			assert_memory_not_equal(packet + i, packet + k, 8);
}

TEST(another_run_another_key_and_any_flipped_bit_of_the_header_are_not_recognised)
{
	struct payload another = run;
	struct payload_id got;

	payload_write(&run, &id, packet, 64);
	another.run++;
	assert_int_equal(payload_read(&another, 64, &(struct payload_octets){ packet, 64 }, &got), PAYLOAD_DAMAGED);
	another = run;
	another.key.word[1]++;
	assert_int_equal(payload_read(&another, 64, &(struct payload_octets){ packet, 64 }, &got), PAYLOAD_DAMAGED);
	for (unsigned bit = 0; bit < 8 * PAYLOAD_HEADER; bit++) {
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(payload_read(&run, 64, &(struct payload_octets){ packet, 64 }, &got), PAYLOAD_DAMAGED);
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(payload_read(&run, 64, &(struct payload_octets){ packet, 64 }, &got), PAYLOAD_FOUND);
}

TEST(an_answer_too_short_for_its_header_is_not_read_beyond_its_end)
{
	static const size_t sizes[] = { 64, 20, 8 }, headers[] = { 24, 16, 4 };
	struct payload_id got;

	for (unsigned i = 0; i < array_n(sizes); i++) {
		payload_write(&run, &id, packet, sizes[i]);
		assert_int_equal(payload_read(&run, sizes[i], &(struct payload_octets){ packet, headers[i] }, &got),
				 PAYLOAD_FOUND);
		for (size_t n = 0; n < headers[i]; n++)
			assert_int_equal(payload_read(&run, sizes[i], &(struct payload_octets){ packet, n }, &got),
					 PAYLOAD_DAMAGED);
	}
}

TEST(each_flipped_bit_is_counted_and_the_first_wrong_octet_is_told)
{
	uint64_t seed = 11;

	for (unsigned round = 0; round < 500; round++) {
		size_t n = 24 + (size_t)random_below(&seed, 1500), first = SIZE_MAX;
		unsigned flips = 1 + (unsigned)random_below(&seed, 20), bits = 0;
		struct payload_damage damage;

		run.fill = (enum plan_fill)random_below(&seed, 4);
		payload_write(&run, &id, packet, n);
		memcpy(other, packet, n);
		for (unsigned i = 0; i < flips; i++)
			packet[random_below(&seed, n)] ^= (uint8_t)(1 << random_below(&seed, 8));
		for (size_t i = n; i-- > 0;) {
			bits += (unsigned)__builtin_popcount((unsigned)(packet[i] ^ other[i]));
			first = packet[i] != other[i] ? i : first;
		}
		damage = compare(n, n);
		assert_int_equal(damage.bits, bits);
		assert_int_equal(damage.content, bits != 0 ? TALLY_CORRUPTED : TALLY_INTACT);
		assert_true(bits == 0 || damage.first_at == first);
	}
}

TEST(not_one_octet_beyond_the_packet_is_written)
{
	for (size_t n = 0; n < 200; n++) {
		memset(packet, 0xEE, sizeof(packet));
		payload_write(&run, &id, packet, n);
		for (size_t i = n; i < n + 70; i++)
			assert_int_equal(packet[i], 0xEE);
	}
}

TEST(shorter_and_longer_answers_are_told_by_where_they_end)
{
	struct payload_damage damage;

	payload_write(&run, &id, packet, 64);
	damage = compare(64, 40);
	assert_int_equal(damage.content, TALLY_TRUNCATED);
	assert_int_equal(damage.bits, 0);
	assert_int_equal(damage.first_at, 40);
	damage = compare(64, 70);
	assert_int_equal(damage.content, TALLY_LENGTHENED);
	assert_int_equal(damage.first_at, 64);
	packet[30] ^= 0x81;
	damage = compare(64, 40);
	assert_int_equal(damage.content, TALLY_TRUNCATED);
	assert_int_equal(damage.bits, 2);
	assert_int_equal(damage.first_at, 30);
	assert_int_equal(compare(64, 0).content, TALLY_TRUNCATED);
}

TEST(a_comparison_that_gives_up_says_more_bits_than_were_allowed)
{
	struct payload_damage damage;

	memset(packet, 0xEE, sizeof(packet));
	damage = payload_compare(&run, &(struct payload_packet){ id, 3000 }, &(struct payload_octets){ packet, 3000 }, 100);
	assert_true(damage.bits > 100 && damage.bits < 100 + 8 * 64);
}

#define FRESH(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(the_header_has_its_members_where_the_format_says),
		FRESH(an_answer_of_each_size_is_recognised_and_unaltered),
		FRESH(fills_are_what_their_names_say),
		FRESH(the_random_fill_differs_from_packet_to_packet_and_from_run_to_run),
		FRESH(another_run_another_key_and_any_flipped_bit_of_the_header_are_not_recognised),
		FRESH(an_answer_too_short_for_its_header_is_not_read_beyond_its_end),
		FRESH(each_flipped_bit_is_counted_and_the_first_wrong_octet_is_told),
		FRESH(not_one_octet_beyond_the_packet_is_written),
		FRESH(shorter_and_longer_answers_are_told_by_where_they_end),
		FRESH(a_comparison_that_gives_up_says_more_bits_than_were_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
