/* SPDX-License-Identifier: MIT */
/* pending: which packets an answer may still belong to. */
#include "test.h"

#include "base/clock.h"
#include "echoprobe/pending.h"
#include "probe_numbers.h"

#define PLACES 8

static struct pending_slot ring[PLACES];
static struct pending p;

static int begin(void **state maybe_unused)
{
	pending_init(&p, ring, PLACES);
	return 0;
}

static void add(unsigned n)
{
	while (n-- > 0)
		pending_add(&p, PENDING_WAITING);
}

TEST(memory_is_for_a_second_more_than_the_time_out)
{
	assert_int_equal(pending_capacity(10000, 1, 2 * CLOCK_S_NS), 524288); /* 100,000 a second */
	assert_int_equal(pending_capacity(CLOCK_S_NS, 1, 2 * CLOCK_S_NS), PENDING_CAPACITY_MIN);
	assert_int_equal(pending_capacity(CLOCK_S_NS, 1000, 2 * CLOCK_S_NS), 4096);
	assert_int_equal(pending_capacity(0, 1, 2 * CLOCK_S_NS), PENDING_CAPACITY_MAX);
	assert_int_equal(pending_capacity(1, UINT64_MAX, CLOCK_NEVER), PENDING_CAPACITY_MAX);
}

TEST(a_number_that_was_not_sent_yet_is_told_from_one_that_was_forgotten)
{
	uint64_t seq;

	assert_int_equal(pending_find(&p, 0, &seq), PENDING_NEVER_SENT);
	add(3);
	assert_int_equal(pending_find(&p, 2, &seq), PENDING_KNOWN);
	assert_int_equal(pending_find(&p, 3, &seq), PENDING_NEVER_SENT);
	assert_int_equal(pending_find(&p, UINT32_MAX, &seq), PENDING_NEVER_SENT);
	add(8);
	assert_int_equal(pending_find(&p, 2, &seq), PENDING_FORGOTTEN);
	assert_int_equal(pending_find(&p, 3, &seq), PENDING_KNOWN);
	assert_int_equal(seq, 3);
}

TEST(numbers_go_on_after_32_bits)
{
	uint64_t seq;

	p.next = UINT64_C(0x1FFFFFFFE);
	add(4);
	assert_int_equal(pending_find(&p, 0xFFFFFFFE, &seq), PENDING_KNOWN);
	assert_true(seq == UINT64_C(0x1FFFFFFFE));
	assert_int_equal(pending_find(&p, 1, &seq), PENDING_KNOWN);
	assert_true(seq == UINT64_C(0x200000001));
	assert_int_equal(pending_find(&p, 2, &seq), PENDING_FORGOTTEN);
}

TEST(the_oldest_that_waits_passes_over_those_that_do_not)
{
	uint64_t seq;

	assert_false(pending_oldest(&p, &seq));
	add(3);
	pending_add(&p, PENDING_UNSENT);
	add(1);
	pending_answer(&p, 1, 100);
	assert_true(pending_oldest(&p, &seq));
	assert_int_equal(seq, 0);
	pending_time_out(&p, 0);
	assert_true(pending_oldest(&p, &seq));
	assert_int_equal(seq, 2);
	pending_answer(&p, 2, 100);
	assert_true(pending_oldest(&p, &seq));
	assert_int_equal(seq, 4);
	pending_answer(&p, 4, 100);
	assert_false(pending_oldest(&p, &seq));
	pending_answer(&p, 0, 100); /* after all */
	assert_int_equal(p.waiting, 0);
}

TEST(what_waits_is_counted_when_places_are_used_again)
{
	uint64_t seq;

	add(PLACES + 3);
	assert_int_equal(p.waiting, PLACES);
	assert_int_equal(pending_first(&p), 3);
	assert_true(pending_oldest(&p, &seq));
	assert_int_equal(seq, 3);
}

#define FRESH(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(memory_is_for_a_second_more_than_the_time_out),
		FRESH(a_number_that_was_not_sent_yet_is_told_from_one_that_was_forgotten),
		FRESH(numbers_go_on_after_32_bits),
		FRESH(the_oldest_that_waits_passes_over_those_that_do_not),
		FRESH(what_waits_is_counted_when_places_are_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
