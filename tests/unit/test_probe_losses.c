/* SPDX-License-Identifier: MIT */
/* losses: the example of RFC 3357, and Wilson's interval. */
#include "test.h"

#include "echoprobe/losses.h"
#include "probe_numbers.h"

#define GAP_NS 100

static unsigned periods_n;
static struct losses_period periods[16];

/* A packet a character, '-' lost, GAP_NS apart. */
static void play(const char *fates)
{
	struct losses l = { 0 };
	int64_t at_ns = 5000;

	periods_n = 0;
	for (; *fates != '\0'; fates++, at_ns += GAP_NS)
		if (losses_add(&l, *fates == '-' ? LOSSES_LOST : LOSSES_RECEIVED, at_ns, &periods[periods_n]))
			periods_n++;
	if (losses_end(&l, at_ns, &periods[periods_n]))
		periods_n++;
	assert_false(losses_end(&l, at_ns, &periods[periods_n]));
}

TEST(the_example_of_rfc_3357_has_four_periods_the_last_of_two_packets)
{
	play("o-oo-o-o--"); /* 2, 5, 7, 9 and 10 are lost */
	assert_int_equal(periods_n, 4);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(periods[i].length, 1);
		assert_int_equal(periods[i].duration_ns, GAP_NS);
	}
	assert_int_equal(periods[3].length, 2);
	assert_int_equal(periods[3].duration_ns, 2 * GAP_NS);
}

TEST(a_period_lasts_from_its_first_packet_to_the_first_one_after_it)
{
	play("---o");
	assert_int_equal(periods_n, 1);
	assert_int_equal(periods[0].length, 3);
	assert_int_equal(periods[0].duration_ns, 3 * GAP_NS);
}

TEST(where_nothing_is_lost_there_is_no_period)
{
	play("oooo");
	assert_int_equal(periods_n, 0);
	play("");
	assert_int_equal(periods_n, 0);
}

TEST(wilsons_interval_is_the_published_one)
{
	struct losses_range r = losses_wilson(5, 600);

	assert_within(r.low, 0.00356, 0.00001);
	assert_within(r.high, 0.01936, 0.00001);
	r = losses_wilson(10, 20);
	assert_within(r.low, 0.2993, 0.0001);
	assert_within(r.high, 0.7007, 0.0001);
}

TEST(the_interval_of_no_loss_begins_at_0_and_of_none_sent_says_nothing)
{
	struct losses_range r = losses_wilson(0, 10);

	assert_true(r.low == 0 && r.high > 0.2 && r.high < 0.3);
	r = losses_wilson(10, 10);
	assert_true(r.low > 0.7 && r.low < 0.8 && r.high == 1);
	r = losses_wilson(0, 1);
	assert_within(r.high, 0.7935, 0.0001);
	r = losses_wilson(0, 0);
	assert_true(r.low == 0 && r.high == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_rfc_3357_has_four_periods_the_last_of_two_packets),
		cmocka_unit_test(a_period_lasts_from_its_first_packet_to_the_first_one_after_it),
		cmocka_unit_test(where_nothing_is_lost_there_is_no_period),
		cmocka_unit_test(wilsons_interval_is_the_published_one),
		cmocka_unit_test(the_interval_of_no_loss_begins_at_0_and_of_none_sent_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
