/* SPDX-License-Identifier: MIT */
/* Whose session ends when all places are taken and others wait, by table. */
#include "test.h"

#include <string.h>

#include "base/attr.h"
#include "base/clock.h"
#include "admission/evict.h"

#define S CLOCK_S_NS
#define MS CLOCK_MS_NS

/* ---- the order ---- */

#define MOST 8

/* Sessions by the letter of their source; the tags of those that go, in their order. */
struct row {
	const char *what;
	struct evict_session list[MOST];
	size_t n;
	uint64_t goes[MOST];
	size_t goes_n;
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct evict_session list[MOST];

		memcpy(list, rows[i].list, sizeof(list));
		evict_order(list, rows[i].n, S);
		for (size_t k = 0; k < rows[i].goes_n; k++)
			if (list[k].tag != rows[i].goes[k])
				fail_msg("%s: place %zu is %u", rows[i].what, k, (unsigned)list[k].tag);
	}
}

TEST(the_source_that_has_the_most_gives)
{
	static const struct row rows[] = {
		{ "one of three, though the other's is older",
		  { { 'a', 9 * S, 0, 1, 0 }, { 'b', 2 * S, 0, 2, 0 }, { 'b', 3 * S, 0, 3, 0 }, { 'b', 4 * S, 0, 4, 0 } },
		  4,
		  { 4, 3 },
		  2 },
		{ "they are brought to the same height",
		  { { 'a', 2 * S, 0, 1, 0 },
		    { 'a', 3 * S, 0, 2, 0 },
		    { 'b', 4 * S, 0, 3, 0 },
		    { 'b', 5 * S, 0, 4, 0 },
		    { 'b', 6 * S, 0, 5, 0 },
		    { 'c', 9 * S, 0, 6, 0 } },
		  6,
		  { 5, 4, 2, 6, 3, 1 },
		  6 },
		{ "even if all of it is young",
		  { { 'a', 9 * S, 0, 1, 0 }, { 'b', 2 * MS, 0, 2, 0 }, { 'b', 3 * MS, 0, 3, 0 } },
		  3,
		  { 3, 1, 2 },
		  3 },
	};

	check(rows, array_n(rows));
}

TEST(of_equal_sources_the_slowest_session_goes)
{
	static const struct row rows[] = {
		{ "the oldest of those that say nothing",
		  { { 'a', 2 * S, 0, 1, 0 }, { 'b', 9 * S, 0, 2, 0 }, { 'c', 3 * S, 0, 3, 0 } },
		  3,
		  { 2, 3, 1 },
		  3 },
		{ "bytes are worth time",
		  { { 'a', 60 * S, 1000000, 1, 0 }, { 'b', 60 * S, 12, 2, 0 }, { 'c', 5 * S, 0, 3, 0 } },
		  3,
		  { 3, 2, 1 },
		  3 },
		{ "a young one is spared while there is another",
		  { { 'a', 900 * MS, 0, 1, 0 }, { 'b', 60 * S, 1000000, 2, 0 }, { 'c', 100 * MS, 0, 3, 0 } },
		  3,
		  { 2, 1, 3 },
		  3 },
	};

	check(rows, array_n(rows));
}

TEST(a_thousand_sources_of_one_session_give_the_oldest)
{
	static struct evict_session list[1000];

	for (uint32_t i = 0; i < array_n(list); i++)
		list[i] = (struct evict_session){ .source = i * 7919 % 1009, .age_ns = (2 + i) * S, .bytes = 1, .tag = i };
	evict_order(list, array_n(list), S);
	for (uint32_t i = 0; i < array_n(list); i++)
		assert_int_equal(list[i].tag, array_n(list) - 1 - i);
	evict_order(list, 0, S);
}

/* ---- how many ---- */

#define LOOK_NS (50 * MS)

static uint32_t due_after(struct evict_debt *d, unsigned looks, uint32_t waiting, uint64_t ended)
{
	const struct evict_view v = { .span_ns = LOOK_NS, .patience_ns = S, .waiting = waiting, .ended = ended };
	uint32_t n = 0;

	while (looks--)
		n += evict_due(d, &v);
	return n;
}

TEST(one_who_waits_has_a_place_after_his_patience_and_no_sooner)
{
	struct evict_debt d = { 0 };

	assert_int_equal(due_after(&d, 19, 1, 0), 0);
	assert_int_equal(due_after(&d, 1, 1, 0), 1);
	assert_int_equal(due_after(&d, 19, 1, 0), 0);
}

TEST(as_many_as_wait_have_one_within_a_patience)
{
	struct evict_debt d = { 0 };

	assert_int_equal(due_after(&d, 20, 744, 0), 744);
	assert_int_equal(due_after(&d, 1, 4000, 0), 200);
}

TEST(nobody_goes_where_sessions_end_by_themselves_soon_enough)
{
	struct evict_debt d = { 0 };
	uint32_t n = 0, all = 0;

	assert_int_equal(due_after(&d, 100, 744, 38), 0);
	for (int i = 0; i < 20; i++, all += n) /* two a look are due, and one ends by itself */
		n = due_after(&d, 1, 40, 1 + n);
	assert_int_equal(all, 20);
}

TEST(those_who_had_to_go_do_not_count_as_gone_by_themselves)
{
	struct evict_debt d = { 0 };

	assert_int_equal(due_after(&d, 1, 200, 0), 10);
	assert_int_equal(due_after(&d, 1, 200, 10), 10);
	assert_int_equal(due_after(&d, 1, 200, 4), 10);
	assert_int_equal(due_after(&d, 1, 200, 16 + 10), 0);
}

TEST(nobody_who_waits_is_nobody_who_goes)
{
	struct evict_debt d = { 0 };

	assert_int_equal(due_after(&d, 19, 1, 0), 0);
	assert_int_equal(due_after(&d, 1, 0, 0), 0);
	assert_int_equal(due_after(&d, 19, 1, 0), 0);
}

TEST(numbers_that_cannot_be_end_nothing_but_the_debt)
{
	struct evict_debt d = { 0 };
	const struct evict_view late = { .span_ns = UINT64_MAX, .patience_ns = 60 * S, .waiting = 1 << 27 };

	assert_in_range(evict_due(&d, &late), 0, late.waiting / 60 + 1);
	assert_int_equal(due_after(&d, 1, 1000, UINT64_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_source_that_has_the_most_gives),
		cmocka_unit_test(of_equal_sources_the_slowest_session_goes),
		cmocka_unit_test(a_thousand_sources_of_one_session_give_the_oldest),
		cmocka_unit_test(one_who_waits_has_a_place_after_his_patience_and_no_sooner),
		cmocka_unit_test(as_many_as_wait_have_one_within_a_patience),
		cmocka_unit_test(nobody_goes_where_sessions_end_by_themselves_soon_enough),
		cmocka_unit_test(those_who_had_to_go_do_not_count_as_gone_by_themselves),
		cmocka_unit_test(nobody_who_waits_is_nobody_who_goes),
		cmocka_unit_test(numbers_that_cannot_be_end_nothing_but_the_debt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
