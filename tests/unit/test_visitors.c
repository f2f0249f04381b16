/* SPDX-License-Identifier: MIT */
/* Who has to leave when many are slow. */

#include "test.h"

#include "process/visitors.h"

#define NOW_NS (1000 * CLOCK_S_NS)
#define CROWD "192.0.2.1"

static struct visitors visitors;
static int left[VISITORS_MAX];

static int setup(void **state maybe_unused)
{
	visitors_init(&visitors);
	return 0;
}

static void come(int fd, const char *source, uint64_t now_ns)
{
	struct addr a;

	assert_int_equal(addr_parse(source, &a), 0);
	visitors_add(&visitors, fd, &a, now_ns);
}

/* Descriptors first to first + n - 1, a nanosecond after the other. */
static void come_many(int first, int n, const char *source)
{
	for (int i = 0; i < n; i++)
		come(first + i, source, NOW_NS + (uint64_t)(first + i));
}

TEST(whoever_stays_too_long_leaves_once)
{
	come(7, CROWD, NOW_NS);
	come(8, CROWD, NOW_NS + 1);
	assert_int_equal(visitors_dismiss(&visitors, NOW_NS + VISITORS_STAY_NS - 1, left), 0);
	assert_int_equal(visitors_dismiss(&visitors, NOW_NS + VISITORS_STAY_NS, left), 1);
	assert_int_equal(left[0], 7);
	assert_int_equal(visitors_dismiss(&visitors, NOW_NS + VISITORS_STAY_NS, left), 0);
}

TEST(the_oldest_of_a_crowd_leave_until_there_is_room)
{
	come_many(0, VISITORS_KEPT, CROWD);
	assert_int_equal(visitors_count(&visitors), VISITORS_KEPT);
	assert_int_equal(visitors_dismiss(&visitors, NOW_NS, left), 0);
	come_many(100, 2, CROWD);
	assert_true(visitors_count(&visitors) > VISITORS_KEPT);
	assert_int_equal(visitors_dismiss(&visitors, NOW_NS, left), 2);
	assert_int_equal(left[0], 0);
	assert_int_equal(left[1], 1);
	assert_int_equal(visitors_count(&visitors), VISITORS_KEPT);
}

TEST(the_source_with_most_gives_way_and_not_the_one_that_came_first)
{
	come(1000, "192.0.2.2", NOW_NS);
	come(1001, "2001:db8::1", NOW_NS);
	come_many(10, VISITORS_KEPT, CROWD);
	assert_int_equal(visitors_dismiss(&visitors, NOW_NS, left), 0);
	assert_int_equal(visitors_dismiss(&visitors, NOW_NS, left), 2);
	assert_int_equal(left[0], 10);
	assert_int_equal(left[1], 11);
}

/* What it wants may have come with it. */
TEST(whoever_has_just_come_is_looked_at_before_it_leaves)
{
	come_many(0, VISITORS_MAX, CROWD);
	assert_int_equal(visitors_dismiss(&visitors, NOW_NS, left), 0);
	assert_true(visitors_count(&visitors) > VISITORS_KEPT);
	assert_int_equal(visitors_dismiss(&visitors, NOW_NS, left), VISITORS_MAX - VISITORS_KEPT);
}

TEST(a_place_is_free_when_its_visitor_has_left)
{
	come_many(0, VISITORS_MAX, CROWD);
	come(1000, CROWD, NOW_NS); /* one too many */
	visitors_remove(&visitors, 1000);
	for (int i = 0; i < VISITORS_MAX - VISITORS_KEPT; i++)
		visitors_remove(&visitors, i);
	assert_int_equal(visitors_count(&visitors), VISITORS_KEPT);
	come(1, CROWD, NOW_NS + 1000);
	assert_true(visitors_count(&visitors) > VISITORS_KEPT);
}

#define PREPARED(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(whoever_stays_too_long_leaves_once),
		PREPARED(the_oldest_of_a_crowd_leave_until_there_is_room),
		PREPARED(the_source_with_most_gives_way_and_not_the_one_that_came_first),
		PREPARED(whoever_has_just_come_is_looked_at_before_it_leaves),
		PREPARED(a_place_is_free_when_its_visitor_has_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
