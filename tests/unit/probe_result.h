/* SPDX-License-Identifier: MIT */
/* A result as a run would fill it, for the tests of the reports: 1,000 packets to server.example, 10 ms apart, 4 of them lost. */
#pragma once

#include <string.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "echoprobe/probe.h"
#include "echoprobe/result.h"

#define PROBE_MS INT64_C(1000000)

struct probe_run {
	struct plan plan;
	struct tally tally;
	struct histogram lateness, receive_delay;
	struct result result;
};

static inline void probe_run_answer(struct tally *t, int64_t rtt_ns, enum tally_promptness promptness)
{
	static int64_t now_ns;

	now_ns += 10 * PROBE_MS;
	tally_received(t, &(struct tally_answer){ .promptness = promptness, .bytes = 64, .rtt_ns = rtt_ns });
	tally_jitter(t, 210000, now_ns);
	tally_ipdv(t, 181000);
}

/* Answers n packets after rtt_ns. */
static inline void probe_run_answers(struct tally *t, unsigned n, int64_t rtt_ns)
{
	for (unsigned i = 0; i < n; i++)
		probe_run_answer(t, rtt_ns, TALLY_IN_TIME);
}

static inline void probe_run_packets(struct tally *t)
{
	for (unsigned i = 0; i < 1000; i++)
		tally_sent(t, 64);
	probe_run_answers(t, 1, 11580000);
	probe_run_answers(t, 211, 11620000);
	probe_run_answers(t, 661, 11910000);
	probe_run_answers(t, 100, 12400000);
	probe_run_answers(t, 22, 14600000);
	probe_run_answer(t, 2100 * PROBE_MS, TALLY_LATE);
	t->packets.timed_out = 5;
	t->packets.recovered = 1;
	t->packets.reordered = 2;
	t->extent_max = 1;
	t->late_time_max_ns = 180000;
	tally_period(t, &(struct losses_period){ .length = 1, .duration_ns = 10 * PROBE_MS });
	tally_period(t, &(struct losses_period){ .length = 2, .duration_ns = 20 * PROBE_MS });
	tally_period(t, &(struct losses_period){ .length = 1, .duration_ns = 10 * PROBE_MS });
}

static inline struct addr probe_run_addr(const char *text, uint16_t port)
{
	struct addr a = { 0 };

	if (addr_parse(text, &a) < 0)
		a.family = AF_UNSPEC;
	a.port = port;
	return a;
}

/* Nothing of what it points to is elsewhere than in *run. */
static inline void probe_run_fill(struct probe_run *run)
{
	memset(run, 0, sizeof(*run));
	run->plan = (struct plan){
		.probe = probe_find("echo"),
		.transport = PLAN_UDP,
		.count = 1000,
		.duration_ns = CLOCK_NEVER,
		.interval_ns = 10 * CLOCK_MS_NS,
		.burst = 1,
		.timeout_ns = 2 * CLOCK_S_NS,
		.size_bytes = 64,
		.flows = 1,
		.ttl = 64,
	};
	probe_run_packets(&run->tally);
	for (int64_t i = 0; i < 1000; i++)
		histogram_add(&run->lateness, i < 980 ? 60000 : 900000);
	for (int64_t i = 0; i < 996; i++)
		histogram_add(&run->receive_delay, 15000);
	run->result = (struct result){
		.plan = &run->plan,
		.started_at = { .tv_sec = 1795852800, .tv_nsec = 123456 },
		.duration_ns = 9991000000,
		.ended_by = RESULT_COUNT,
		.target = { .name = "server.example", .addr = probe_run_addr("192.0.2.7", 7) },
		.source = { .addr = probe_run_addr("198.51.100.4", 41822), .interface = "eth0" },
		.total = { .tally = &run->tally, .ttl = RESULT_KNOWN(52) },
		.host = { .send = RESULT_STAMPER_KERNEL,
			  .receive = RESULT_STAMPER_KERNEL,
			  .lateness = &run->lateness,
			  .receive_delay = &run->receive_delay,
			  .dropped_in_socket = RESULT_KNOWN(0),
			  .udp_buffer_errors = RESULT_KNOWN(0),
			  .udp_checksum_errors = RESULT_KNOWN(0) },
	};
}
