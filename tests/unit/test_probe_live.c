/* SPDX-License-Identifier: MIT */
/* live: the line of a run that goes on. */
#include "test.h"

#include "echoprobe/live.h"
#include "probe_result.h"

static struct probe_run run;
static struct live live;

static const char *line(void)
{
	static char storage[256];
	struct text t = TEXT_OVER(storage);

	live_line(&live, &run.result, &t);
	assert_false(t.cut);
	return storage;
}

static void fill(unsigned sent, unsigned back, unsigned lost)
{
	probe_run_fill(&run);
	memset(&live, 0, sizeof(live));
	memset(&run.tally, 0, sizeof(run.tally));
	for (unsigned i = 0; i < sent; i++)
		tally_sent(&run.tally, 64);
	probe_run_answers(&run.tally, back, 11580000);
	run.tally.packets.timed_out = lost;
	run.result.duration_ns = 12 * CLOCK_S_NS;
}

TEST(a_packet_under_way_is_not_lost)
{
	fill(120, 118, 1);
	assert_string_equal(line(), "echo/udp 192.0.2.7:7   12.0 s   120 sent  118 back  1 lost  1 under way"
				    "   rtt 11.6 ms (11.6 ms - 11.6 ms)");
}

TEST(nothing_is_said_of_packets_under_way_where_there_are_none)
{
	fill(2, 1, 1);
	assert_null(strstr(line(), "under way"));
}

TEST(nothing_is_said_of_times_before_the_first_answer)
{
	fill(1, 0, 0);
	assert_string_equal(line(), "echo/udp 192.0.2.7:7   12.0 s   1 sent  0 back  0 lost  1 under way");
}

TEST(marks_show_the_last_ten_packets_low_high_and_lost)
{
	fill(12, 11, 1);
	probe_run_answer(&run.tally, 31200000, TALLY_IN_TIME);
	for (int i = 0; i < 7; i++)
		live_packet(&live, &(struct result_packet){ .rtt_ns = RESULT_KNOWN(11580000) });
	live_packet(&live, &(struct result_packet){ .rtt_ns = RESULT_KNOWN(17000000) });
	live_packet(&live, &(struct result_packet){ .rtt_ns = RESULT_KNOWN(22000000) });
	live_packet(&live, &(struct result_packet){ .fate = RESULT_LOST });
	live_packet(&live, &(struct result_packet){ .rtt_ns = RESULT_KNOWN(31200000) });
	assert_non_null(strstr(line(), "  ______.-x|"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_under_way_is_not_lost),
		cmocka_unit_test(nothing_is_said_of_packets_under_way_where_there_are_none),
		cmocka_unit_test(nothing_is_said_of_times_before_the_first_answer),
		cmocka_unit_test(marks_show_the_last_ten_packets_low_high_and_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
