/* SPDX-License-Identifier: MIT */
/* Writes the report of a run that did not take place: probe_report FORMAT RUN. Its exit status is that of echoprobe. */
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/probe_result.h"
#include "echoprobe/report.h"
#include "echoprobe/report_metrics.h"
#include "echoprobe/verdict.h"

#define SCOPES_N 8

static struct probe_run run, other;
static struct tally parts[SCOPES_N];
static struct result_scope scopes[SCOPES_N];

/* --- runs ------------------------------------------------------------------------------------------------------------ */

static void run_echo(void)
{
}

static void run_clean(void)
{
	memset(&run.tally, 0, sizeof(run.tally));
	for (unsigned i = 0; i < 10; i++)
		tally_sent(&run.tally, 64);
	for (unsigned i = 0; i < 10; i++)
		probe_run_answer(&run.tally, 11580000 + i * 100000, TALLY_IN_TIME);
	run.plan.count = 10;
}

static void run_limits(void)
{
	run_clean();
	run.plan.warning = (struct plan_limits){ .said = true, .rtt_ns = 50 * CLOCK_MS_NS, .loss_ppm = 50000 };
	run.plan.critical = (struct plan_limits){ .said = true, .rtt_ns = 100 * CLOCK_MS_NS, .loss_ppm = 200000 };
}

static void run_slow(void)
{
	run_limits();
	run.plan.warning.rtt_ns = 5 * CLOCK_MS_NS;
	run.plan.critical.rtt_ns = 10 * CLOCK_MS_NS;
}

static void run_silent(void)
{
	memset(&run.tally, 0, sizeof(run.tally));
	for (unsigned i = 0; i < 10; i++)
		tally_sent(&run.tally, 64);
	run.tally.packets.timed_out = 10;
	tally_period(&run.tally, &(struct losses_period){ .length = 10, .duration_ns = 100 * PROBE_MS });
	run.result.total.ttl = (struct result_value){ 0 };
	memset(&run.receive_delay, 0, sizeof(run.receive_delay));
	run.plan.count = 10;
	run.result.host.receive = RESULT_STAMPER_UNKNOWN;
}

static void run_nothing(void)
{
	memset(&run.tally, 0, sizeof(run.tally));
	memset(&run.lateness, 0, sizeof(run.lateness));
	memset(&run.receive_delay, 0, sizeof(run.receive_delay));
	run.tally.packets.send_failed = 10;
	run.result.ended_by = RESULT_FAILED;
	run.result.host = (struct result_host){ 0 };
	run.result.source = (struct result_source){ 0 };
}

static void run_altered(void)
{
	run_clean();
	run.tally.packets.corrupted = 2;
	run.tally.packets.truncated = 1;
}

static void run_impaired(void)
{
	run.result.total.expects = true;
	/* In a bucket that reaches beyond the bound of 12.8 ms. */
	tally_sent(&run.tally, 64);
	probe_run_answer(&run.tally, 12790000, TALLY_IN_TIME);
	run.tally.expected = (struct tally_expected){ .timed_out = 4, .recovered = 1, .reordered = 2 };
}

static void run_unnumbered(void)
{
	run.plan.size_bytes = 2;
	run.result.total.numbering = RESULT_UNNUMBERED;
}

static void run_tcp(void)
{
	static const struct result_tcp tcp = { .connects = 1,
					       .connect_ns = { true, 11900000 },
					       .retransmits = { true, 2 },
					       .mss_bytes = { true, 1448 },
					       .pmtu_bytes = { true, 1500 },
					       .end = RESULT_TCP_OWED };

	memset(&run.tally, 0, sizeof(run.tally));
	for (unsigned i = 0; i < 1000; i++)
		tally_sent(&run.tally, 64);
	probe_run_answers(&run.tally, 990, 12000000);
	probe_run_answers(&run.tally, 10, 24100000);
	run.plan.transport = PLAN_TCP;
	run.result.tcp = &tcp;
}

static const struct result_delays forward_pdv = {
	.min = { true, 0 }, .p50 = { true, 90000 }, .p99 = { true, 410000 }, .max = { true, 3900000 }
};

static struct result_directions directions = {
	.forward = { .lost = { true, 3 },
		     .duplicated = { true, 0 },
		     .reordered = { true, 1 },
		     .hops = { true, 11 },
		     .delay_ns = { { true, 5900000 },
				   { true, 6070000 },
				   { true, 6010000 },
				   { true, 6210000 },
				   { true, 6310000 },
				   { true, 9800000 } },
		     .bound_ns = { true, 2000000 },
		     .rfc3550_ns = { true, 98000 },
		     .dscp_sent = { true, 46 },
		     .ecn_sent = { true, 2 },
		     .dscp_seen = UINT64_C(1) << 46,
		     .ecn_seen = 1 << 2 },
	.backward = { .lost = { true, 1 },
		      .duplicated = { true, 0 },
		      .reordered = { true, 0 },
		      .hops = { true, 12 },
		      .delay_ns = { { true, 5680000 },
				    { true, 5952000 },
				    { true, 5900000 },
				    { true, 6190000 },
				    { true, 8560000 },
				    { true, 21400000 } },
		      .bound_ns = { true, 2000000 },
		      .rfc3550_ns = { true, 112000 },
		      .dscp_sent = { true, 46 },
		      .dscp_seen = 1,
		      .ecn_seen = 1 },
	.unknown_lost = { true, 0 },
};

static struct result_stamp stamp = {
	.reflector = RESULT_REFLECTOR_STATEFUL,
	.ssid = { true, 4660 },
	.remote_p50_ns = { true, 38000 },
	.remote_p99_ns = { true, 91000 },
	.clock = { .offset_ns = { true, -310000 },
		   .bound_ns = { true, 2000000 },
		   .by = RESULT_BY_ERROR_ESTIMATES,
		   .here = { true, { true, 800000 } },
		   .there = { true, { true, 1200000 } } },
};

static void run_stamp(void)
{
	static const struct probe stamp_test = { .name = "stamp", .port = "862", .transport = PLAN_UDP };

	run.plan.probe = &stamp_test;
	run.plan.dscp = 46;
	run.plan.ecn = 2;
	run.plan.ttl = 255;
	run.result.target.addr.port = 862;
	directions.forward.pdv_ns = forward_pdv;
	directions.forward.ipdv_abs = directions.backward.ipdv_abs = &run.lateness;
	run.result.directions = &directions;
	run.result.stamp = &stamp;
}

static void run_unsynchronised(void)
{
	run_stamp();
	directions.forward.bound_ns.value = directions.backward.bound_ns.value = 5790000;
	directions.forward.delay_ns.min.value = directions.backward.delay_ns.min.value = 5790000;
	stamp.clock = (struct result_clock){ .offset_ns = { true, 48200000000 },
					     .bound_ns = { true, 5790000 },
					     .by = RESULT_BY_CAUSALITY,
					     .here = { true, { true, 800000 } } };
}

/* Part i of the run: n packets, `lost` of them lost, the others after rtt_ns. */
static void add_part(size_t i, unsigned n, unsigned lost, int64_t rtt_ns)
{
	for (unsigned k = 0; k < n; k++)
		tally_sent(&parts[i], 64);
	probe_run_answers(&parts[i], n - lost, rtt_ns);
	parts[i].packets.timed_out = lost;
	scopes[i].tally = &parts[i];
	tally_merge(&run.tally, &parts[i]);
}

static void run_flows(void)
{
	memset(&run.tally, 0, sizeof(run.tally));
	for (unsigned i = 0; i < SCOPES_N; i++) {
		scopes[i] = (struct result_scope){ .port = (uint16_t)(40000 + i),
						   .size_bytes = 64,
						   .ttl = RESULT_KNOWN(i == 5 ? 51 : 52) };
		add_part(i, 200, i == 1 ? 53 : 0, i == 5 ? 14900000 : 11580000);
	}
	run.plan.flows = SCOPES_N;
	run.result.flows = scopes;
	run.result.flows_n = SCOPES_N;
}

static void run_sweep(void)
{
	static const uint32_t sizes[] = { 64, 512, 1472 };

	memset(&run.tally, 0, sizeof(run.tally));
	for (unsigned i = 0; i < array_n(sizes); i++) {
		scopes[i] = (struct result_scope){ .size_bytes = sizes[i], .ttl = RESULT_KNOWN(52) };
		add_part(i, 100, 0, 11570000 + 160 * (int64_t)sizes[i]);
	}
	run.result.sizes = scopes;
	run.result.sizes_n = array_n(sizes);
}

static void run_mtu(void)
{
	static const struct probe mtu_test = { .name = "mtu", .port = "7", .transport = PLAN_UDP };
	static const struct result_mtu mtu = {
		.forward_bytes = { true, 1300 },
		.backward_bytes = { true, 1396 },
		.backward_at_most_bytes = { true, 1403 },
		.payload_bytes = { true, 1272 },
		.interface_bytes = { true, 1500 },
		.interface = "eth0",
		.router = "10.1.0.254",
		.confirmer = "time on 37",
		.forward_by = RESULT_BY_ICMP,
		.backward_by = RESULT_BY_FRAGMENTS,
	};
	static struct result_icmp icmp = { .family = AF_INET,
					   .type = ICMP_DEST_UNREACH,
					   .code = ICMP_FRAG_NEEDED,
					   .count = 1,
					   .mtu_bytes = { true, 1300 } };

	icmp.from = probe_run_addr("10.1.0.254", 0);
	run.plan.probe = &mtu_test;
	run.result.mtu = &mtu;
	run.result.icmp = &icmp;
	run.result.icmp_n = 1;
}

static void run_info(void)
{
	static const struct probe info_test = { .name = "info", .port = "7", .transport = PLAN_UDP };
	static const struct result_info info = {
		.json = "{\"client\":\"203.0.113.9\",\"client_port\":61234,\"ttl\":53,\"dscp\":0,\"ecn\":\"ect0\","
			"\"length\":600}",
		.datagrams = 3,
		.addresses_n = 1,
	};

	memset(&run.tally, 0, sizeof(run.tally));
	add_part(0, 3, 0, 11580000);
	run.plan.probe = &info_test;
	run.plan.size_bytes = 600;
	run.plan.dscp = 46;
	run.plan.ecn = 2;
	run.result.source.addr = probe_run_addr("10.0.0.5", 41822);
	run.result.info = &info;
}

static void run_time(void)
{
	static const struct probe time_test = { .name = "time", .port = "37", .transport = PLAN_UDP };
	static const struct result_time time = { .offset_ns = { true, -310000000 }, .bound_ns = { true, 1200000 } };

	run_clean();
	run.plan.probe = &time_test;
	run.result.time = &time;
}

/* What a name may be: nothing of it must end a label, a string or a line. */
static void run_strange(void)
{
	static const char *const notes[] = { "a \"note\"\nof \xff two lines" };

	run.result.target.name = "a\"b\\c\n\xff.example";
	run.result.notes = notes;
	run.result.notes_n = 1;
	run.result.host.dropped_in_socket.value = 12;
	run.result.host.udp_checksum_errors.value = 3;
	run.result.ended_by = RESULT_RUNNING;
	run.result.silent_ns = RESULT_KNOWN(1000);
}

static void run_two(void)
{
	probe_run_fill(&other);
	other.result.target = (struct result_target){ .name = "other.example", .addr = probe_run_addr("2001:db8::7", 7) };
}

static const struct {
	const char *name;
	void (*fill)(void);
} runs[] = {
	{ "echo", run_echo },       { "clean", run_clean },       { "limits", run_limits },
	{ "slow", run_slow },       { "silent", run_silent },     { "nothing", run_nothing },
	{ "altered", run_altered }, { "impaired", run_impaired }, { "unnumbered", run_unnumbered },
	{ "tcp", run_tcp },         { "stamp", run_stamp },       { "unsynchronised", run_unsynchronised },
	{ "flows", run_flows },     { "sweep", run_sweep },       { "mtu", run_mtu },
	{ "info", run_info },       { "time", run_time },         { "strange", run_strange },
	{ "two", run_two },
};

/* --- the report -------------------------------------------------------------------------------------------------------- */

static void write_packets(const struct report *report)
{
	const struct result_packet packets[] = {
		{ .seq = 16,
		  .sent_at = { 1795852800, 7 },
		  .fate = RESULT_OK,
		  .rtt_ns = { true, 11911234 },
		  .bytes = { true, 64 },
		  .ttl = { true, 52 },
		  .dscp = { true, 0 },
		  .ecn = { true, 0 } },
		{ .seq = 17, .sent_at = { 1795852801, 0 }, .fate = RESULT_LOST },
		{ .seq = 18,
		  .sent_at = { 1795852802, 0 },
		  .fate = RESULT_OK,
		  .rtt_ns = { true, 12011234 },
		  .forward_ns = { true, 6000000 },
		  .backward_ns = { true, 5973234 },
		  .remote_ns = { true, 38000 },
		  .bytes = { true, 64 } },
	};

	for (size_t i = 0; i < array_n(packets) && report->packet; i++)
		report->packet(&run.result, &packets[i], stdout);
}

/* What an exporter answers who does not ask for OpenMetrics. */
static void write_older_metrics(const struct result *const *results, size_t n, FILE *to)
{
	report_metrics_write(results, n, REPORT_METRICS_IN_TEXT, to);
}

static const struct report older_metrics = { .name = "prometheus", .finish = write_older_metrics, .status = verdict_exit };

int main(int argc, char **argv)
{
	const struct report *report = argc == 3 ? report_find(argv[1]) : NULL;
	const struct result *results[] = { &run.result, &other.result };
	size_t n = 1;

	if (argc == 3 && strcmp(argv[1], older_metrics.name) == 0)
		report = &older_metrics;
	if (!report)
		return EXIT_FAILURE;
	probe_run_fill(&run);
	run.plan.words = PLAN_PACKETS;
	for (size_t i = 0; i < array_n(runs); i++)
		if (strcmp(runs[i].name, argv[2]) == 0)
			runs[i].fill();
	if (strcmp(argv[2], "two") == 0)
		n = 2;
	if (report->start)
		report->start(&run.result, stdout);
	write_packets(report);
	for (size_t i = 0; i < run.result.icmp_n && report->icmp; i++)
		report->icmp(&run.result, &run.result.icmp[i], stdout);
	if (report->interval)
		report->interval(&run.result, &run.result.total, stdout);
	if (report->finish)
		report->finish(results, n, stdout);
	return report->status(results, n);
}
