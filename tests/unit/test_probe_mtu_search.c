/* SPDX-License-Identifier: MIT */
/* mtu_search: paths of any MTU are found to the octet, with a router's word and without one. */
#include "test.h"

#include "base/clock.h"
#include "echoprobe/mtu_search.h"

#define FLOOR 68
#define CEILING 1500

/* What a path does to packets that are larger than its MTU. */
struct path {
	uint32_t mtu;
	enum { VANISH, TELL } larger;
	uint32_t told;    /* instead of the MTU; 0: the MTU         */
	unsigned lost_of; /* of so many packets that pass one does not; 0: all do */
};

static unsigned probes;

static struct mtu_search search(const struct path *path, uint32_t floor, uint32_t ceiling)
{
	struct mtu_search m;
	uint32_t size;

	probes = 0;
	mtu_search_init(&m, floor, ceiling);
	while ((size = mtu_search_next(&m)) != 0) {
		assert_true(size >= floor && size <= ceiling);
		assert_true(++probes < 200);
		if (size > path->mtu && path->larger == TELL)
			mtu_search_too_big(&m, path->told != 0 ? path->told : path->mtu);
		else if (size > path->mtu || (path->lost_of != 0 && probes % path->lost_of == 0))
			mtu_search_lost(&m);
		else
			mtu_search_passed(&m);
	}
	return m;
}

TEST(every_mtu_is_found_where_larger_packets_vanish)
{
	for (uint32_t mtu = FLOOR; mtu <= CEILING; mtu++) {
		struct mtu_search m = search(&(struct path){ .mtu = mtu }, FLOOR, CEILING);

		assert_int_equal(m.state, MTU_FOUND);
		assert_int_equal(m.passed, mtu);
		assert_int_equal(m.by, mtu == CEILING ? MTU_BY_CEILING : MTU_BY_SEARCH);
	}
}

TEST(every_mtu_is_found_where_a_router_tells_it_and_confirmed_by_a_packet_that_passes)
{
	for (uint32_t mtu = FLOOR; mtu < CEILING; mtu++) {
		struct mtu_search m = search(&(struct path){ .mtu = mtu, .larger = TELL }, FLOOR, CEILING);

		assert_int_equal(m.state, MTU_FOUND);
		assert_int_equal(m.passed, mtu);
		assert_int_equal(m.by, MTU_BY_ROUTER);
		assert_true(probes <= 12);
	}
}

TEST(a_router_whose_word_is_too_large_is_found_out_by_packets_that_vanish)
{
	struct mtu_search m;
	uint32_t size;

	mtu_search_init(&m, FLOOR, CEILING);
	while ((size = mtu_search_next(&m)) != 0) {
		if (size == 1500)
			mtu_search_too_big(&m, 1499); /* the next router drops in silence */
		else if (size > 1300)
			mtu_search_lost(&m);
		else
			mtu_search_passed(&m);
	}
	assert_int_equal(m.passed, 1300);
	assert_int_equal(m.by, MTU_BY_SEARCH);
}

TEST(a_word_that_cannot_be_true_is_a_loss)
{
	static const uint32_t words[] = { 67, 1279, 1400, 9000 };

	for (unsigned i = 0; i < array_n(words); i++) {
		struct mtu_search m = search(&(struct path){ .mtu = 1350, .larger = TELL, .told = words[i] }, 1280, CEILING);

		assert_int_equal(m.passed, 1350);
		assert_int_equal(m.by, MTU_BY_SEARCH);
	}
}

TEST(a_size_is_given_up_after_three_losses_in_a_row_and_not_before)
{
	struct mtu_search m = search(&(struct path){ .mtu = 1372, .lost_of = 3 }, FLOOR, CEILING);

	assert_int_equal(m.passed, 1372);
	m = search(&(struct path){ .mtu = FLOOR - 1 }, FLOOR, CEILING);
	assert_int_equal(m.state, MTU_NOTHING_PASSES);
	assert_int_equal(m.passed, 0);
	assert_true(probes <= 3 * 12);
}

TEST(losses_are_counted_anew_for_each_size)
{
	struct mtu_search m;

	mtu_search_init(&m, FLOOR, CEILING);
	for (unsigned size = 0; size < 2; size++) {
		uint32_t tried = mtu_search_next(&m);

		mtu_search_lost(&m);
		mtu_search_lost(&m);
		assert_int_equal(mtu_search_next(&m), tried);
		mtu_search_passed(&m);
	}
	for (unsigned size = 0; size < 2; size++) {
		uint32_t tried = mtu_search_next(&m);

		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(mtu_search_next(&m), tried);
			mtu_search_lost(&m);
		}
		assert_true(mtu_search_next(&m) < tried);
	}
}

TEST(the_search_begins_at_the_base_and_takes_rungs_that_are_common)
{
	static const uint32_t sizes[] = { 1200, 1280, 1400, 1420, 1440, 1460, 1472, 1480, 1492, 1500 };
	struct mtu_search m;

	mtu_search_init(&m, FLOOR, CEILING);
	for (unsigned i = 0; i < array_n(sizes); i++) {
		assert_int_equal(mtu_search_next(&m), sizes[i]);
		mtu_search_passed(&m);
	}
	assert_int_equal(mtu_search_next(&m), 0);
	assert_int_equal(m.by, MTU_BY_CEILING);
}

TEST(jumbo_frames_and_interfaces_smaller_than_the_base_are_searched_to_their_ends)
{
	struct mtu_search m = search(&(struct path){ .mtu = 65536 }, 1280, 65536);

	assert_int_equal(m.passed, 65536);
	m = search(&(struct path){ .mtu = 8000 }, 1280, 9000);
	assert_int_equal(m.passed, 8000);
	m = search(&(struct path){ .mtu = 65536 }, 68, 576);
	assert_int_equal(m.passed, 576);
	m = search(&(struct path){ .mtu = 65536 }, 1280, 1280);
	assert_int_equal(m.passed, 1280);
}

TEST(an_answer_is_waited_for_a_second_or_three_round_trips)
{
	assert_true(mtu_search_timer_ns(10 * CLOCK_MS_NS) == CLOCK_S_NS);
	assert_true(mtu_search_timer_ns(700 * CLOCK_MS_NS) == 2100 * CLOCK_MS_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mtu_is_found_where_larger_packets_vanish),
		cmocka_unit_test(every_mtu_is_found_where_a_router_tells_it_and_confirmed_by_a_packet_that_passes),
		cmocka_unit_test(a_router_whose_word_is_too_large_is_found_out_by_packets_that_vanish),
		cmocka_unit_test(a_word_that_cannot_be_true_is_a_loss),
		cmocka_unit_test(a_size_is_given_up_after_three_losses_in_a_row_and_not_before),
		cmocka_unit_test(losses_are_counted_anew_for_each_size),
		cmocka_unit_test(the_search_begins_at_the_base_and_takes_rungs_that_are_common),
		cmocka_unit_test(jumbo_frames_and_interfaces_smaller_than_the_base_are_searched_to_their_ends),
		cmocka_unit_test(an_answer_is_waited_for_a_second_or_three_round_trips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
