/* SPDX-License-Identifier: MIT */
/* impair: when an answer leaves that is held back on purpose. */
#include "test.h"

#include "base/clock.h"
#include "session/impair.h"

#define MS CLOCK_MS_NS

static uint64_t leaves_at(const struct impair_rules *r, struct impair_way *way, struct impair_answer a, uint64_t now_ns)
{
	return impair_send(r, way, &a, now_ns).at_ns;
}

TEST(an_answer_leaves_when_its_delay_and_its_jitter_are_over)
{
	const struct impair_rules r = { .delay_ns = 50 * MS };
	struct impair_way way = { 0 };

	assert_int_equal(leaves_at(&r, &way, (struct impair_answer){ 100, 0 }, 1000 * MS), 1050 * MS);
	assert_int_equal(leaves_at(&r, &way, (struct impair_answer){ 100, 7 * MS }, 1001 * MS), 1058 * MS);
}

TEST(jitter_changes_the_distance_and_not_the_order)
{
	const struct impair_rules r = { .drawn = { .jitter_ns = 100 * MS } };
	struct impair_way way = { 0 };

	assert_int_equal(leaves_at(&r, &way, (struct impair_answer){ 1, 90 * MS }, 0), 90 * MS);
	struct impair_leave second = impair_send(&r, &way, &(struct impair_answer){ 1, 10 * MS }, 1 * MS);
	assert_int_equal(second.at_ns, 90 * MS);
	assert_true(second.delayed && !second.paced);
	assert_int_equal(leaves_at(&r, &way, (struct impair_answer){ 1, 0 }, 200 * MS), 200 * MS);
}

TEST(at_a_rate_an_answer_waits_until_those_before_it_are_gone)
{
	const struct impair_rules r = { .rate_bytes_per_s = 1000, .delay_ns = 10 * MS };
	struct impair_way way = { 0 };
	struct impair_leave first, second, later;

	first = impair_send(&r, &way, &(struct impair_answer){ 500, 0 }, 0);
	second = impair_send(&r, &way, &(struct impair_answer){ 100, 0 }, 0);
	later = impair_send(&r, &way, &(struct impair_answer){ 100, 0 }, 5000 * MS);
	assert_true(first.delayed && !first.paced && first.at_ns == 10 * MS);
	assert_true(second.paced && second.at_ns == 510 * MS);
	assert_true(!later.paced && later.at_ns == 5010 * MS);
}

TEST(what_no_time_can_hold_leaves_never_and_wraps_nowhere)
{
	const struct impair_rules r = { .delay_ns = UINT64_MAX - 1, .rate_bytes_per_s = 1 };
	struct impair_way way = { 0 };

	assert_int_equal(leaves_at(&r, &way, (struct impair_answer){ 65507, UINT64_MAX }, UINT64_MAX - 5), CLOCK_NEVER);
	assert_int_equal(leaves_at(&r, &way, (struct impair_answer){ 65507, 0 }, 1), CLOCK_NEVER);
}

TEST(rules_of_which_all_is_zero_do_nothing)
{
	struct impair_rules r = { .drawn = { .seed = 7 }, .by = IMPAIR_BY_CONTENT };

	assert_false(impair_does_anything(&r));
	r.close_after_bytes = 1;
	assert_true(impair_does_anything(&r));
	assert_false(impair_does_to_datagrams(&r));
	r.drawn.share_ppm[IMPAIRMENT_REORDER] = 1;
	assert_true(impair_does_to_datagrams(&r));
}

TEST(datagrams_are_drawn_by_their_number_or_by_what_is_in_them)
{
	struct impair_rules r = { .drawn = { .seed = 3, .share_ppm = { [IMPAIRMENT_DROP] = 500000 } } };
	unsigned of_number = 0, of_content = 0;

	for (uint64_t i = 0; i < 100; i++) {
		r.by = IMPAIR_BY_ORDER;
		of_number += impair_draw(&r, "same", 4, i).hits != impair_draw(&r, "same", 4, 0).hits;
		r.by = IMPAIR_BY_CONTENT;
		of_content += impair_draw(&r, "same", 4, i).hits != impair_draw(&r, "same", 4, 0).hits;
		assert_int_equal(impair_draw(&r, &i, 8, 0).hits, impairment_by_content(&r.drawn, &i, 8).hits);
	}
	assert_in_range(of_number, 20, 80);
	assert_int_equal(of_content, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_leaves_when_its_delay_and_its_jitter_are_over),
		cmocka_unit_test(jitter_changes_the_distance_and_not_the_order),
		cmocka_unit_test(at_a_rate_an_answer_waits_until_those_before_it_are_gone),
		cmocka_unit_test(what_no_time_can_hold_leaves_never_and_wraps_nowhere),
		cmocka_unit_test(rules_of_which_all_is_zero_do_nothing),
		cmocka_unit_test(datagrams_are_drawn_by_their_number_or_by_what_is_in_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
