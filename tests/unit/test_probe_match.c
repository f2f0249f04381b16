/* SPDX-License-Identifier: MIT */
/* match: a damaged answer is given to its packet, and nonsense to none. */
#include "test.h"

#include <string.h>

#include "echoprobe/match.h"
#include "probe_numbers.h"

#define PLACES 8192
#define SIZE 64

static const struct payload run = { .run = 77, .key = { { 3, 4 } }, .fill = PLAN_FILL_PATTERN };
static struct pending_slot ring[PLACES];
static struct pending pending;
static const struct match m = { .payload = &run, .pending = &pending, .flow = 2, .sent_n = SIZE };
static uint8_t answer[SIZE];

static int begin(void **state maybe_unused)
{
	pending_init(&pending, ring, PLACES);
	return 0;
}

static void send_packet(unsigned n)
{
	while (n-- > 0)
		pending_add(&pending, PENDING_WAITING);
}

static void answer_from(uint32_t seq)
{
	payload_write(&run, &(struct payload_id){ .seq = seq, .flow = 2 }, answer, SIZE);
}

static bool matches(size_t n, uint64_t *ret_seq)
{
	return match_nearest(&m, &(struct payload_octets){ answer, n }, ret_seq);
}

TEST(a_header_with_flipped_bits_is_given_to_its_packet)
{
	uint64_t seed = 8, seq = 0;

	send_packet(1000);
	for (unsigned round = 0; round < 300; round++) {
		uint32_t wanted = (uint32_t)random_below(&seed, 1000);

		answer_from(wanted);
		for (uint64_t flips = 1 + random_below(&seed, 8); flips > 0; flips--)
			answer[random_below(&seed, PAYLOAD_HEADER)] ^= (uint8_t)(1 << random_below(&seed, 8));
		assert_true(matches(SIZE, &seq));
		assert_int_equal(seq, wanted);
	}
}

TEST(nonsense_is_given_to_no_packet)
{
	uint64_t seed = 9, seq;

	send_packet(1000);
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < SIZE; i++)
			answer[i] = (uint8_t)random_word(&seed);
		assert_false(matches(SIZE, &seq));
	}
}

TEST(an_eighth_of_the_bits_is_too_much)
{
	uint64_t seq = 0;

	send_packet(1);
	answer_from(0);
	memset(answer + 56, 0, 8); /* the pattern's 56 to 63 */
	for (unsigned i = 0; i < 8; i++)
		answer[56 + i] = (uint8_t) ~(56 + i);
	assert_false(matches(SIZE, &seq)); /* 64 of 512 */
	answer[63] ^= 1;
	assert_true(matches(SIZE, &seq));
	assert_int_equal(seq, 0);
}

TEST(a_damaged_copy_belongs_to_the_packet_that_was_answered_and_not_to_one_that_is_similar)
{
	static const struct payload zeros = { .run = 77, .key = { { 3, 4 } }, .fill = PLAN_FILL_ZEROS };
	const struct match of_zeros = { .payload = &zeros, .pending = &pending, .flow = 2, .sent_n = SIZE };
	uint64_t seq = 9;

	send_packet(2);
	pending_answer(&pending, 1, 100);
	payload_write(&zeros, &(struct payload_id){ .seq = 1, .flow = 2 }, answer, SIZE);
	answer[0] ^= 1;
	assert_true(match_nearest(&of_zeros, &(struct payload_octets){ answer, SIZE }, &seq));
	assert_int_equal(seq, 1);
}

TEST(a_packet_that_was_not_sent_is_not_meant)
{
	uint64_t seq;

	pending_add(&pending, PENDING_UNSENT);
	answer_from(0);
	assert_false(matches(SIZE, &seq));
}

TEST(an_answer_cut_within_its_header_is_given_to_the_one_packet_that_begins_so)
{
	uint64_t seq = 0;

	send_packet(40);
	answer_from(17);
	for (size_t n = 12; n < PAYLOAD_HEADER; n++) {
		assert_true(matches(n, &seq));
		assert_int_equal(seq, 17);
	}
	for (size_t n = 0; n < 12; n++) /* all packets begin so */
		assert_false(matches(n, &seq));
}

TEST(an_answer_cut_to_nothing_is_given_to_the_only_packet_that_waits)
{
	uint64_t seq = 0;

	send_packet(3);
	pending_answer(&pending, 0, 100);
	pending_time_out(&pending, 1); /* lost, it seems: the one that waits is nearer */
	assert_true(matches(0, &seq));
	assert_int_equal(seq, 2);
	send_packet(1);
	assert_false(matches(0, &seq));
}

TEST(only_the_latest_packets_are_compared)
{
	uint64_t seq;

	send_packet(PLACES);
	answer_from(PLACES - MATCH_MOST);
	answer[0] ^= 1;
	assert_true(matches(SIZE, &seq));
	answer_from(PLACES - MATCH_MOST - 1);
	answer[0] ^= 1;
	assert_false(matches(SIZE, &seq));
}

#define FRESH(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(a_header_with_flipped_bits_is_given_to_its_packet),
		FRESH(nonsense_is_given_to_no_packet),
		FRESH(an_eighth_of_the_bits_is_too_much),
		FRESH(a_damaged_copy_belongs_to_the_packet_that_was_answered_and_not_to_one_that_is_similar),
		FRESH(a_packet_that_was_not_sent_is_not_meant),
		FRESH(an_answer_cut_within_its_header_is_given_to_the_one_packet_that_begins_so),
		FRESH(an_answer_cut_to_nothing_is_given_to_the_only_packet_that_waits),
		FRESH(only_the_latest_packets_are_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
