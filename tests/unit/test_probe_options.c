/* SPDX-License-Identifier: MIT */
/* echoprobe's command line: what it asks for, and what a mistake is told. */
#include "test.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "echoprobe/options.h"
#include "echoprobe/probe.h"
#include "echoprobe/report.h"

#define WORDS_MAX 32

static char said[512];
static enum options_what what;

/* Reads a command line written with single spaces. */
static int read_line(const char *line, struct plan *ret)
{
	static char storage[512];
	char *words[WORDS_MAX + 1] = { "echoprobe" };
	struct text why = TEXT_OVER(said);
	int n = 1;

	assert_int_equal(text_copy(storage, sizeof(storage), line), 0);
	for (char *at = strtok(storage, " "); at; at = strtok(NULL, " ")) {
		assert_true(n < WORDS_MAX);
		words[n++] = at;
	}
	memset(ret, 0, sizeof(*ret));
	return options_read(n, words, ret, &what, &why);
}

TEST(a_host_alone_is_10_echoes_of_64_bytes_a_second_apart_over_udp)
{
	struct plan p;

	assert_int_equal(read_line("server.example", &p), 0);
	assert_int_equal(what, OPTIONS_RUN);
	assert_string_equal(p.probe->name, "echo");
	assert_int_equal(p.transport, PLAN_UDP);
	assert_int_equal(p.hosts_n, 1);
	assert_int_equal(p.count, 10);
	assert_int_equal(p.interval_ns, CLOCK_S_NS);
	assert_int_equal(p.timeout_ns, 2 * CLOCK_S_NS);
	assert_int_equal(p.size_bytes, 64);
	assert_int_equal(p.ttl, 64);
	assert_int_equal(p.burst, 1);
	assert_int_equal(p.flows, 1);
	assert_true(p.duration_ns == CLOCK_NEVER);
	assert_int_equal(p.stamps, PLAN_STAMPS_AUTO);
}

TEST(what_the_server_does_on_purpose_goes_with_datagrams)
{
	struct plan p;

	assert_int_equal(read_line("host --expect-impair 42,drop=1%,reorder=0.5", &p), 0);
	assert_true(p.expects);
	assert_int_equal(p.expect.seed, 42);
	assert_int_equal(p.expect.share_ppm[IMPAIRMENT_DROP], 10000);
	assert_int_equal(p.expect.share_ppm[IMPAIRMENT_REORDER], 5000);
	assert_int_equal(read_line("host --expect-impair 42", &p), -EINVAL);
	assert_string_equal(said, "--expect-impair takes a seed and shares, as 42,drop=1%,corrupt=0.5%");
}

TEST(every_option_is_read_before_and_behind_the_hosts)
{
	struct plan p;

	assert_int_equal(read_line("-c 1000 -i 10ms echo a b:7 -s 1200 --dscp EF --ecn ect0 --ttl 9 --df", &p), 0);
	assert_int_equal(p.hosts_n, 2);
	assert_int_equal(p.count, 1000);
	assert_int_equal(p.interval_ns, 10 * CLOCK_MS_NS);
	assert_int_equal(p.size_bytes, 1200);
	assert_int_equal(p.dscp, 46);
	assert_int_equal(p.ecn, 2);
	assert_int_equal(p.ttl, 9);
	assert_true(p.df);

	assert_int_equal(
		read_line("h -u -6 -p 10007 -W 0.5 --warmup 3 --poisson --burst 4 --fill zeros -I eth0 --sport 4000", &p),
		0);
	assert_int_equal(p.family, AF_INET6);
	assert_string_equal(p.port, "10007");
	assert_int_equal(p.timeout_ns, CLOCK_S_NS / 2);
	assert_int_equal(p.warmup, 3);
	assert_int_equal(p.schedule, PLAN_POISSON);
	assert_int_equal(p.burst, 4);
	assert_int_equal(p.fill, PLAN_FILL_ZEROS);
	assert_string_equal(p.source, "eth0");
	assert_int_equal(p.source_port, 4000);

	assert_int_equal(read_line("h --rate 100k --flood --i-own-this-host --fill abc --timestamps user", &p), 0);
	assert_int_equal(p.interval_ns, 10000);
	assert_true(p.flood && p.own_host);
	assert_int_equal(p.fill, PLAN_FILL_TEXT);
	assert_string_equal(p.fill_text, "abc");
	assert_int_equal(p.stamps, PLAN_STAMPS_USER);
}

TEST(a_duration_alone_has_no_other_end)
{
	struct plan p;

	assert_int_equal(read_line("h -d 30s", &p), 0);
	assert_int_equal(p.duration_ns, 30 * CLOCK_S_NS);
	assert_int_equal(p.count, 0);
	assert_int_equal(read_line("h -d 30s -c 5", &p), 0);
	assert_int_equal(p.count, 5);
}

TEST(a_mistake_is_told_what_would_be_right)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
		{ "h -t 0", "-t takes a TTL from 1 to 255, as in ping; for TCP say -T" },
		{ "h --ttl 256", "--ttl takes a TTL from 1 to 255, as in ping; for TCP say -T" },
		{ "h -i fast", "-i takes a time as 20ms, 1.5 (seconds), 5m or 1h" },
		{ "h -i 0", "-i takes a time as 20ms, 1.5 (seconds), 5m or 1h" },
		{ "h --dscp 64", "--dscp takes a number from 0 to 63, or a name as EF, CS1 or AF41" },
		{ "h -s 65508", "-s takes a number of bytes from 0 to 65507" },
		{ "h -c", "-c takes a number of packets, 0 for no end" },
		{ "h --sport", "--sport takes a port number from 1 to 65535" },
		{ "h --ecn yes", "--ecn takes not, ect0, ect1 or ce" },
		{ "h --nonsense", "there is no option --nonsense; -h lists them" },
		{ "h -x", "there is no option -x; -h lists them" },
		{ "h --df=1", "there is no option --df=1; -h lists them" },
		{ "", "a host is missing: echoprobe echo HOST" },
		{ "discard -u -w 5,1% h", "discard answers no datagram: leave -w out" },
		{ "stamp -T h", "there is no stamp over TCP" },
		{ "--unix /run/x h", "--unix is instead of a host: h is one word too many" },
		{ "h --reconnect", "--reconnect is for connections: say -T or --unix with it" },
		{ "h --sport 65535 --flows 2", "--sport 65535 leaves no room for 2 flows" },
		{ "-T h -s 0", "-s takes at least 1 byte of a connection: nothing would be sent" },
		{ "-c 3 echo", "a host is missing: echoprobe echo HOST" },
	};
	struct plan p;

	for (size_t i = 0; i < array_n(rows); i++) {
		assert_int_equal(read_line(rows[i].line, &p), -EINVAL);
		assert_string_equal(said, rows[i].says);
	}
}

TEST(help_and_version_need_no_host)
{
	struct plan p;

	assert_int_equal(read_line("-h", &p), 0);
	assert_int_equal(what, OPTIONS_HELP);
	assert_int_equal(read_line("--version -h", &p), 0);
	assert_int_equal(what, OPTIONS_VERSION);
}

TEST(the_help_names_every_option_and_test)
{
	static char storage[8192];
	struct text t = TEXT_OVER(storage);

	options_help(&t);
	assert_false(t.cut);
	assert_non_null(strstr(storage, "  -c, --count N"));
	assert_non_null(strstr(storage, "      --i-own-this-host"));
	assert_non_null(strstr(storage, "  -4 "));
	for (size_t i = 0; probe_at(i); i++)
		assert_non_null(strstr(storage, probe_at(i)->name));
}

TEST(a_format_is_read_by_its_name_and_text_is_the_one_unless_said)
{
	struct plan p;

	assert_int_equal(read_line("a", &p), 0);
	assert_string_equal(p.report->name, "text");
	assert_int_equal(read_line("a b -J", &p), 0);
	assert_string_equal(p.report->name, "json");
	assert_int_equal(read_line("a --format openmetrics", &p), 0);
	assert_string_equal(p.report->name, "openmetrics");
	assert_int_equal(read_line("a --format xml", &p), -EINVAL);
	assert_string_equal(said, "--format takes text, json, jsonl, csv, openmetrics or nagios");
}

TEST(limits_are_milliseconds_and_per_cent)
{
	struct plan p;

	assert_int_equal(read_line("a -w 50,5% -C 1.5s,0.25", &p), 0);
	assert_true(p.warning.said && p.critical.said);
	assert_int_equal(p.warning.rtt_ns, 50 * CLOCK_MS_NS);
	assert_int_equal(p.warning.loss_ppm, 50000);
	assert_int_equal(p.critical.rtt_ns, 1500 * CLOCK_MS_NS);
	assert_int_equal(p.critical.loss_ppm, 2500);
	assert_int_equal(read_line("a -w 50", &p), -EINVAL);
	assert_string_equal(said, "-w takes a mean RTT in milliseconds and a share of packets, as 50,5%");
	assert_true(read_line("a -w ,5%", &p) < 0);
	assert_true(read_line("a -w 50,101%", &p) < 0);
	assert_true(read_line("a -w 50,", &p) < 0);
	assert_true(read_line("a -w 11111111111111111111111111111111111111,5%", &p) < 0);
}

TEST(a_report_without_the_target_in_it_is_of_one_target)
{
	struct plan p;

	assert_int_equal(read_line("a b --format nagios", &p), -EINVAL);
	assert_string_equal(said, "--format nagios is for one host");
	assert_int_equal(read_line("a b --format csv", &p), -EINVAL);
	assert_int_equal(read_line("a b --format jsonl --every 1s -q", &p), 0);
	assert_int_equal(read_line("a --every 1s --format nagios", &p), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_alone_is_10_echoes_of_64_bytes_a_second_apart_over_udp),
		cmocka_unit_test(what_the_server_does_on_purpose_goes_with_datagrams),
		cmocka_unit_test(every_option_is_read_before_and_behind_the_hosts),
		cmocka_unit_test(a_duration_alone_has_no_other_end),
		cmocka_unit_test(a_mistake_is_told_what_would_be_right),
		cmocka_unit_test(help_and_version_need_no_host),
		cmocka_unit_test(the_help_names_every_option_and_test),
		cmocka_unit_test(a_format_is_read_by_its_name_and_text_is_the_one_unless_said),
		cmocka_unit_test(limits_are_milliseconds_and_per_cent),
		cmocka_unit_test(a_report_without_the_target_in_it_is_of_one_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
