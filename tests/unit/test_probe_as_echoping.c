/* SPDX-License-Identifier: MIT */
/* as_echoping: its options become ours, and its times are those that its readers look for. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "echoprobe/as_echoping.h"
#include "probe_result.h"

static char said[512];
static struct as_echoping made;

/* The command line of echoprobe, with single spaces, that one of echoping becomes; NULL where it is refused. */
static const char *translate(const char *line)
{
	static char storage[512], all[1024];
	char *words[64] = { "echoping" };
	struct text why = TEXT_OVER(said), t = TEXT_OVER(all);
	int n = 1;

	assert_int_equal(text_copy(storage, sizeof(storage), line), 0);
	for (char *at = strtok(storage, " "); at; at = strtok(NULL, " "))
		words[n++] = at;
	if (as_echoping_translate(n, words, &made, &why) < 0)
		return NULL;
	assert_null(made.words[made.n]);
	for (int i = 1; i < made.n; i++)
		text_addf(&t, "%s%s", i > 1 ? " " : "", made.words[i]);
	return all;
}

TEST(it_is_echoping_where_it_is_called_so)
{
	assert_true(as_echoping_is_name("echoping"));
	assert_true(as_echoping_is_name("/usr/lib/smokeping/echoping"));
	assert_false(as_echoping_is_name("echoprobe"));
	assert_false(as_echoping_is_name("/echoping/echoprobe"));
}

TEST(what_smokeping_passes_is_understood)
{
	assert_string_equal(translate("-s 100 -w 1 -t 5 -f X -4 -u -n 20 server.example"),
			    "-i 1 --fill X -4 -c 20 -u -s 100 -W 5 echo server.example");
	assert_string_equal(translate("-d -n 20 server.example"),
			    "-c 20 -T --reconnect -s 256 -W 10 discard server.example");
	assert_string_equal(translate("-c server.example:1919"), "-T --reconnect -s 256 -W 10 chargen server.example:1919");
}

TEST(the_type_of_service_becomes_dscp_and_ecn)
{
	assert_string_equal(translate("-P 0xb8 -p 6 -u h"), "--dscp 46 --ecn not -u -s 256 -W 10 echo h");
	assert_string_equal(translate("-P 1 -u h"), "--dscp 0 --ecn ect1 -u -s 256 -W 10 echo h");
	assert_null(translate("-P 256 -u h"));
	assert_null(translate("-P x -u h"));
}

TEST(other_protocols_are_refused_with_a_sentence)
{
	assert_null(translate("-h / www.example"));
	assert_string_equal(
		said, "called as echoping it tests echo, discard and chargen only (-4 -6 -u -d -c -s -n -w -t -f -p -P "
		      "-v); there is no -h");
	assert_null(translate("-u -d h"));
	assert_string_equal(said, "discard answers no datagram, so there is no time to tell: leave -u out");
	assert_null(translate("-S mail.example"));
	assert_null(translate("-n"));
	assert_null(translate(""));
	assert_null(translate("one.example two.example"));
}

TEST(a_command_line_that_has_no_room_is_refused)
{
	char line[512];
	struct text t = TEXT_OVER(line);

	text_add(&t, "h");
	for (int i = 0; i < 20; i++)
		text_add(&t, " -w 1");
	assert_null(translate(line));
}

/* --- output ------------------------------------------------------------------------------------------------------------- */

static struct probe_run run;

static const char *output(const struct result_packet *p)
{
	static char *page;
	const struct result *results[] = { &run.result };
	size_t n = 0;
	FILE *to;

	free(page);
	to = open_memstream(&page, &n);
	assert_non_null(to);
	if (p)
		as_echoping_report.packet(&run.result, p, to);
	else
		as_echoping_report.finish(results, 1, to);
	assert_int_equal(fclose(to), 0);
	return page;
}

TEST(an_answer_is_the_line_that_smokeping_reads)
{
	probe_run_fill(&run);
	assert_string_equal(output(&(struct result_packet){ .fate = RESULT_OK, .rtt_ns = RESULT_KNOWN(12345000) }),
			    "Elapsed time: 0.012345 seconds\n");
	assert_string_equal(output(&(struct result_packet){ .fate = RESULT_LOST }), "");
}

TEST(the_summary_is_echopings)
{
	probe_run_fill(&run);
	memset(&run.tally, 0, sizeof(run.tally));
	for (unsigned i = 0; i < 4; i++)
		tally_sent(&run.tally, 64);
	probe_run_answers(&run.tally, 2, 10000000);
	probe_run_answers(&run.tally, 1, 16000000);
	assert_string_equal(output(NULL), "---\n"
					  "Warning: 1 message(s) lost (25 %)\n"
					  "Minimum time: 0.010000 seconds (6400 bytes per sec.)\n"
					  "Maximum time: 0.016000 seconds (4000 bytes per sec.)\n"
					  "Average time: 0.012000 seconds (5333 bytes per sec.)\n"
					  "Standard deviation: 0.003464\n"
					  "Median time: 0.010000 seconds (6400 bytes per sec.)\n");
}

TEST(one_answer_has_no_summary)
{
	probe_run_fill(&run);
	memset(&run.tally, 0, sizeof(run.tally));
	tally_sent(&run.tally, 64);
	probe_run_answers(&run.tally, 1, 10000000);
	assert_string_equal(output(NULL), "");
}

TEST(one_answer_is_success)
{
	const struct result *results[] = { &run.result };

	probe_run_fill(&run);
	assert_int_equal(as_echoping_report.status(results, 1), 0);
	memset(&run.tally, 0, sizeof(run.tally));
	assert_int_equal(as_echoping_report.status(results, 1), 1);
	assert_int_equal(as_echoping_report.status(results, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_echoping_where_it_is_called_so),
		cmocka_unit_test(what_smokeping_passes_is_understood),
		cmocka_unit_test(the_type_of_service_becomes_dscp_and_ecn),
		cmocka_unit_test(other_protocols_are_refused_with_a_sentence),
		cmocka_unit_test(a_command_line_that_has_no_room_is_refused),
		cmocka_unit_test(an_answer_is_the_line_that_smokeping_reads),
		cmocka_unit_test(the_summary_is_echopings),
		cmocka_unit_test(one_answer_has_no_summary),
		cmocka_unit_test(one_answer_is_success),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
