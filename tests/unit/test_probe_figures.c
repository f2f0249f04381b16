/* SPDX-License-Identifier: MIT */
/* figures: what is known of a scope and what is not, and the names of ICMP. */
#include "test.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include "echoprobe/figures.h"
#include "probe_result.h"

static struct probe_run run;

static int64_t whole(enum figure figure)
{
	struct figure_value v = figures_get(figure, &run.result.total);

	assert_true(v.known);
	return v.whole;
}

TEST(counts_and_extremes_are_the_tallys)
{
	probe_run_fill(&run);
	assert_int_equal(whole(FIGURE_packets_sent), 1000);
	assert_int_equal(whole(FIGURE_packets_received), 996);
	assert_int_equal(whole(FIGURE_packets_lost), 4);
	assert_int_equal(whole(FIGURE_packets_late), 1);
	assert_int_equal(whole(FIGURE_rtt_ns_min), 11580000);
	assert_int_equal(whole(FIGURE_rtt_ns_max), 2100 * PROBE_MS);
	assert_int_equal(whole(FIGURE_bytes_received), 996 * 64);
}

TEST(loss_is_a_share_with_an_interval_around_it)
{
	struct figure_value v;

	probe_run_fill(&run);
	v = figures_get(FIGURE_own_loss_ratio, &run.result.total);
	assert_true(v.known && v.ratio > 0.0039999 && v.ratio < 0.0040001);
	assert_true(figures_get(FIGURE_loss_ratio_95_low, &run.result.total).ratio < v.ratio);
	assert_true(figures_get(FIGURE_loss_ratio_95_high, &run.result.total).ratio > v.ratio);
	v = figures_missed(&run.result.total);
	assert_true(v.known && v.ratio > 0.0049999 && v.ratio < 0.0050001);
}

TEST(nothing_is_said_of_delays_that_were_not_measured)
{
	probe_run_fill(&run);
	memset(&run.tally, 0, sizeof(run.tally));
	assert_false(figures_missed(&run.result.total).known);
	for (unsigned i = 0; i < FIGURES_N; i++)
		if (figures[i].kind != FIGURE_COUNT && i != FIGURE_losses_longest_ns &&
		    i != FIGURE_reordering_late_time_max_ns)
			assert_false(figures_get((enum figure)i, &run.result.total).known);
}

TEST(a_percentile_of_too_few_packets_is_not_known)
{
	probe_run_fill(&run);
	assert_false(figures_get(FIGURE_rtt_ns_p999, &run.result.total).known);
	assert_false(figures_get(FIGURE_variation_ns_pdv_p999, &run.result.total).known);
	assert_true(figures_get(FIGURE_rtt_ns_p99, &run.result.total).known);
}

TEST(of_answers_without_numbers_copies_and_order_are_not_known)
{
	probe_run_fill(&run);
	run.result.total.numbering = RESULT_UNNUMBERED;
	assert_false(figures_get(FIGURE_packets_duplicated, &run.result.total).known);
	assert_false(figures_get(FIGURE_packets_reordered, &run.result.total).known);
	assert_false(figures_get(FIGURE_packets_corrupted, &run.result.total).known);
	assert_false(figures_get(FIGURE_reordering_ratio, &run.result.total).known);
	assert_true(figures_get(FIGURE_packets_lost, &run.result.total).known);
}

TEST(icmp_is_named_by_its_version_type_and_code)
{
	struct result_icmp icmp = { .family = AF_INET, .type = ICMP_DEST_UNREACH, .code = ICMP_FRAG_NEEDED };

	assert_string_equal(result_icmp_name(&icmp), "fragmentation-needed");
	icmp.code = 15;
	assert_string_equal(result_icmp_name(&icmp), "destination-unreachable");
	icmp.type = 200;
	assert_string_equal(result_icmp_name(&icmp), "other");
	icmp = (struct result_icmp){ .family = AF_INET6, .type = ICMP6_PACKET_TOO_BIG };
	assert_string_equal(result_icmp_name(&icmp), "packet-too-big");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_and_extremes_are_the_tallys),
		cmocka_unit_test(loss_is_a_share_with_an_interval_around_it),
		cmocka_unit_test(nothing_is_said_of_delays_that_were_not_measured),
		cmocka_unit_test(a_percentile_of_too_few_packets_is_not_known),
		cmocka_unit_test(of_answers_without_numbers_copies_and_order_are_not_known),
		cmocka_unit_test(icmp_is_named_by_its_version_type_and_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
