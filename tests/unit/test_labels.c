/* SPDX-License-Identifier: MIT */
/* Rows of counters by name: the same one over all reloads, until it is gone and another needs the row. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "generation/labels.h"

static struct labels labels;
static struct labels_rows all;

static uint32_t row_of(const char *label)
{
	uint32_t row;

	if (labels_find(&labels, label, &row))
		return row;
	assert_int_equal(labels_spare(&labels, &all, &row), 0);
	assert_int_equal(labels_give(&labels, row, label), 0);
	return row;
}

static int begin(void **state maybe_unused)
{
	memset(&labels, 0, sizeof(labels));
	memset(&all, 0xff, sizeof(all));
	return 0;
}

TEST(a_label_keeps_its_row_whatever_comes_after_it)
{
	uint32_t tcp = row_of("echo/tcp"), udp = row_of("echo/udp");

	assert_int_not_equal(tcp, udp);
	row_of("daytime/tcp");
	assert_int_equal(row_of("echo/udp"), udp);
	assert_int_equal(row_of("echo/tcp"), tcp);
	assert_int_equal(labels.n, 3);
}

TEST(labels_that_begin_alike_have_rows_of_their_own)
{
	assert_int_not_equal(row_of("echo/tc"), row_of("echo/tcp"));
	assert_int_not_equal(row_of("echo/tcp"), row_of("echo/tcp2"));
}

static void fill(void)
{
	char label[32];

	for (int i = 0; i < TABLE_ROWS_MAX; i++) {
		snprintf(label, sizeof(label), "l%d/tcp", i);
		assert_int_equal(row_of(label), i);
	}
}

TEST(too_many_names_at_once_are_refused_and_the_known_ones_go_on)
{
	uint32_t row;

	fill();
	assert_false(labels_find(&labels, "one-more/tcp", &row));
	assert_int_equal(labels_spare(&labels, &all, &row), -E2BIG);
	assert_int_equal(row_of("l200/tcp"), 200);
}

TEST(the_row_of_who_has_been_gone_for_longest_is_given_to_another)
{
	struct labels_rows used = { 0 };
	uint32_t row;

	fill();
	for (uint32_t i = 0; i < TABLE_ROWS_MAX; i++) {
		labels.newest[i] = i == 7 ? 3 : i == 9 ? 2 : 1;
		if (i != 7 && i != 9)
			labels_add(&used, i);
	}
	labels.said[9][0][0].n = 12;
	assert_int_equal(labels_spare(&labels, &used, &row), 0);
	assert_int_equal(row, 9);
	assert_int_equal(labels_give(&labels, row, "new/tcp"), 0);
	assert_int_equal(labels.n, TABLE_ROWS_MAX);
	assert_int_equal(labels.said[9][0][0].n, 0);
	assert_int_equal(row_of("new/tcp"), 9);
	assert_false(labels_find(&labels, "l9/tcp", &row));
	labels_add(&used, 9);
	assert_int_equal(labels_spare(&labels, &used, &row), 0);
	assert_int_equal(row, 7);
	labels_add_all(&used, &all);
	assert_int_equal(labels_spare(&labels, &used, &row), -E2BIG);
}

TEST(a_name_that_is_too_long_takes_no_row)
{
	char label[LISTENER_LABEL_MAX + 1];

	memset(label, 'x', LISTENER_LABEL_MAX);
	label[LISTENER_LABEL_MAX] = '\0';
	assert_true(labels_give(&labels, 0, label) < 0);
	assert_int_equal(labels.n, 0);
	label[LISTENER_LABEL_MAX - 1] = '\0';
	assert_int_equal(row_of(label), 0);
}

TEST(refusals_are_said_at_once_and_then_with_their_count_each_half_minute)
{
	struct labels_said said = { 0 };
	const uint64_t s = CLOCK_S_NS;

	assert_int_equal(labels_say(&said, 0, 10 * s), 0);
	assert_int_equal(labels_say(&said, 3, 11 * s), 3);
	for (uint64_t i = 0; i < 30; i++)
		assert_int_equal(labels_say(&said, 4 + i, (11 + i) * s), 0);
	assert_int_equal(labels_say(&said, 40, 41 * s), 37);
	/* Nothing for long, then something: that is another incident. */
	assert_int_equal(labels_say(&said, 40, 1000 * s), 0);
	assert_int_equal(labels_say(&said, 41, 1001 * s), 1);
	assert_int_equal(labels_say(&said, 100, 1002 * s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_label_keeps_its_row_whatever_comes_after_it, begin),
		cmocka_unit_test_setup(labels_that_begin_alike_have_rows_of_their_own, begin),
		cmocka_unit_test(refusals_are_said_at_once_and_then_with_their_count_each_half_minute),
		cmocka_unit_test_setup(too_many_names_at_once_are_refused_and_the_known_ones_go_on, begin),
		cmocka_unit_test_setup(the_row_of_who_has_been_gone_for_longest_is_given_to_another, begin),
		cmocka_unit_test_setup(a_name_that_is_too_long_takes_no_row, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
