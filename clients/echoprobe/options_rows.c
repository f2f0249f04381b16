/* SPDX-License-Identifier: MIT */
/* The table of options, and how the value of each is read into a member of the plan. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "echoprobe/exporter.h"
#include "echoprobe/expect.h"
#include "echoprobe/options_private.h"
#include "echoprobe/probe.h"
#include "echoprobe/proxy.h"
#include "echoprobe/report.h"
#include "echoprobe/stamp_extras.h"
#include "echoprobe/units.h"

#define MEMBER(m) .offset = offsetof(struct plan, m), .width = sizeof(((struct plan *)0)->m)
#define TAKES_LIMITS "a mean RTT in milliseconds and a share of packets, as 50,5%"
#define ASK_MAX_BYTES 1000
#define TAKES_DURATION "a time as 20ms, 1.5 (seconds), 5m or 1h"

static void *member(const struct option_row *row, struct plan *plan)
{
	return (char *)plan + row->offset;
}

static int take_number(const struct option_row *row, struct plan *plan, const char *value)
{
	uint64_t v = 0;
	int r = units_number(value, row->least, row->most, &v);

	if (r < 0)
		return r;
	switch (row->width) {
	case sizeof(uint8_t):
		*(uint8_t *)member(row, plan) = (uint8_t)v;
		break;
	case sizeof(uint16_t):
		*(uint16_t *)member(row, plan) = (uint16_t)v;
		break;
	case sizeof(uint32_t):
		*(uint32_t *)member(row, plan) = (uint32_t)v;
		break;
	default:
		assert(row->width == sizeof(uint64_t));
		*(uint64_t *)member(row, plan) = v;
	}
	return 0;
}

static int take_duration(const struct option_row *row, struct plan *plan, const char *value)
{
	uint64_t ns = 0;
	int r = units_duration(value, &ns);

	if (r == 0 && (ns < row->least || ns > row->most))
		r = -ERANGE;
	if (r == 0)
		*(uint64_t *)member(row, plan) = ns;
	return r;
}

static int take_rate(const struct option_row *row maybe_unused, struct plan *plan, const char *value)
{
	return units_rate(value, &plan->interval_ns);
}

static int take_flag(const struct option_row *row, struct plan *plan, const char *value maybe_unused)
{
	*(bool *)member(row, plan) = true;
	return 0;
}

static int take_text(const struct option_row *row, struct plan *plan, const char *value)
{
	*(const char **)member(row, plan) = value;
	return *value == '\0' ? -EINVAL : 0;
}

static int take_family(const struct option_row *row, struct plan *plan, const char *value maybe_unused)
{
	plan->family = row->letter == '4' ? AF_INET : AF_INET6;
	return 0;
}

static int take_transport(const struct option_row *row, struct plan *plan, const char *value)
{
	plan->transport = row->letter == 'u' ? PLAN_UDP : row->letter == 'T' ? PLAN_TCP : PLAN_UNIX;
	plan->transport_said = true;
	if (plan->transport != PLAN_UNIX)
		return 0;
	plan->unix_path = value;
	return *value == '\0' ? -EINVAL : 0;
}

static int take_ask(const struct option_row *row maybe_unused, struct plan *plan, const char *value)
{
	plan->ask = value;
	return *value == '\0' || strlen(value) > ASK_MAX_BYTES || strpbrk(value, "\r\n") ? -EINVAL : 0;
}

static int take_proxy(const struct option_row *row maybe_unused, struct plan *plan, const char *value)
{
	return proxy_parse(value, &plan->proxy);
}

/* "time", "info:7007", "none" */
static int take_ack(const struct option_row *row maybe_unused, struct plan *plan, const char *value)
{
	static const char *const names[] = { "time", "daytime", "info" };
	struct units_host w;
	uint64_t port = 0;
	int r = units_host(value, &w);

	plan->ack = NULL;
	if (r < 0 || strcmp(value, "none") == 0)
		return r;
	for (size_t i = 0; i < array_n(names); i++)
		if (strcmp(names[i], w.host) == 0)
			plan->ack = probe_find(names[i]);
	if (!plan->ack || (w.port[0] == '\0' && !plan->ack->port))
		return -EINVAL;
	r = units_number(w.port[0] != '\0' ? w.port : plan->ack->port, 1, UINT16_MAX, &port);
	plan->ack_port = (uint16_t)port;
	return r;
}

/* "64:1472:64" */
static int take_sweep(const struct option_row *row maybe_unused, struct plan *plan, const char *value)
{
	uint64_t numbers[3] = { 0 };
	char storage[32];

	for (size_t i = 0; i < array_n(numbers); i++) {
		size_t n = strcspn(value, ":");
		struct text word = TEXT_OVER(storage);

		text_add_bytes(&word, value, n);
		if (word.cut || units_number(storage, 0, PLAN_SIZE_MAX_BYTES, &numbers[i]) < 0)
			return -EINVAL;
		value += n + (value[n] != '\0' && i + 1 < array_n(numbers));
	}
	if (*value != '\0' || numbers[2] == 0 || numbers[1] < numbers[0] + numbers[2] ||
	    (numbers[1] - numbers[0]) / numbers[2] >= PLAN_SIZES_MAX)
		return -EINVAL;
	plan->size_bytes = (uint32_t)numbers[0];
	plan->step_bytes = (uint32_t)numbers[2];
	plan->sizes_n = (uint32_t)((numbers[1] - numbers[0]) / numbers[2] + 1);
	return 0;
}

static int take_poisson(const struct option_row *row maybe_unused, struct plan *plan, const char *value maybe_unused)
{
	plan->schedule = PLAN_POISSON;
	return 0;
}

static int take_fill(const struct option_row *row maybe_unused, struct plan *plan, const char *value)
{
	static const char *const names[] = {
		[PLAN_FILL_PATTERN] = "pattern",
		[PLAN_FILL_ZEROS] = "zeros",
		[PLAN_FILL_RANDOM] = "random",
	};

	plan->fill = PLAN_FILL_TEXT;
	plan->fill_text = value;
	for (unsigned i = 0; i < array_n(names); i++)
		if (strcmp(names[i], value) == 0)
			plan->fill = (enum plan_fill)i;
	return *value == '\0' ? -EINVAL : 0;
}

static int take_dscp(const struct option_row *row maybe_unused, struct plan *plan, const char *value)
{
	return units_dscp(value, &plan->dscp);
}

static int take_tlvs(const struct option_row *row maybe_unused, struct plan *plan, const char *value)
{
	return stamp_extras_parse(value, &plan->tlvs);
}

static int take_ecn(const struct option_row *row maybe_unused, struct plan *plan, const char *value)
{
	return units_ecn(value, &plan->ecn);
}

static int take_stamps(const struct option_row *row maybe_unused, struct plan *plan, const char *value)
{
	static const char *const names[] = {
		[PLAN_STAMPS_AUTO] = "auto",
		[PLAN_STAMPS_KERNEL] = "kernel",
		[PLAN_STAMPS_USER] = "user",
	};

	for (unsigned i = 0; i < array_n(names); i++)
		if (strcmp(names[i], value) == 0) {
			plan->stamps = (enum plan_stamps)i;
			return 0;
		}
	return -EINVAL;
}

/* "50,5%": milliseconds unless a unit is said, and a share. */
static int take_limits(const struct option_row *row, struct plan *plan, const char *value)
{
	struct plan_limits *limits = member(row, plan);
	const char *comma = strchr(value, ',');
	size_t n = comma ? (size_t)(comma - value) : 0;
	char rtt[32];
	struct text t = TEXT_OVER(rtt);
	int r;

	text_add_bytes(&t, value, n);
	if (strspn(rtt, "0123456789.") == n)
		text_add(&t, "ms");
	if (n == 0 || t.cut)
		return -EINVAL;
	r = units_duration(rtt, &limits->rtt_ns);
	if (r == 0)
		r = units_share(comma + 1, &limits->loss_ppm);
	limits->said = r == 0;
	return r;
}

static int take_expect(const struct option_row *row maybe_unused, struct plan *plan, const char *value)
{
	plan->expects = true;
	return expect_parse(value, &plan->expect);
}

static int take_format(const struct option_row *row maybe_unused, struct plan *plan, const char *value)
{
	plan->report = report_find(value);
	return plan->report ? 0 : -EINVAL;
}

static int take_json(const struct option_row *row maybe_unused, struct plan *plan, const char *value maybe_unused)
{
	return take_format(row, plan, "json");
}

static int take_exporter(const struct option_row *row maybe_unused, struct plan *plan, const char *value)
{
	return exporter_parse(value, &plan->exporter);
}

static int take_words(const struct option_row *row, struct plan *plan, const char *value maybe_unused)
{
	plan->words = row->letter == 'q' ? PLAN_SUMMARY : PLAN_PACKETS;
	return 0;
}

/* --- the table ------------------------------------------------------------------------------------------------------ */

const struct option_row options_rows[OPTIONS_N] = {
	{ 'u', "udp", NULL, "over UDP", NULL, take_transport, .width = 0 },
	{ 'T', "tcp", NULL, "over TCP, in one connection", NULL, take_transport, .width = 0 },
	{ 0, "unix", "PATH", "over a UNIX socket of any type, instead of a host",
	  "the path of a UNIX socket, or @ and an abstract name", take_transport, .width = 0 },
	{ 'p', "port", "PORT", "a number or a service's name (the test's own port)",
	  "a port: a number or a name of /etc/services", take_text, MEMBER(port) },
	{ '4', NULL, NULL, "IPv4", NULL, take_family, .width = 0 },
	{ '6', NULL, NULL, "IPv6", NULL, take_family, .width = 0 },
	{ 'c', "count", "N", "packets of each flow, 0: until ^C (10, with -d no end)", "a number of packets, 0 for no end",
	  take_number, MEMBER(count), 0, UINT32_MAX },
	{ 'd', "duration", "TIME", "end the sending after this time", TAKES_DURATION, take_duration, MEMBER(duration_ns), 1,
	  CLOCK_NEVER - 1 },
	{ 'i', "interval", "TIME", "between two packets: 20ms, 1.5, 1m (1 s)", TAKES_DURATION, take_duration,
	  MEMBER(interval_ns), 1, 1000 * CLOCK_S_NS },
	{ 0, "rate", "N", "the same as packets a second", "packets a second, as 200, 0.5 or 100k", take_rate, .width = 0 },
	{ 0, "poisson", NULL, "exponential gaps of that mean (RFC 2330)", NULL, take_poisson, .width = 0 },
	{ 0, "burst", "N", "packets back to back each interval (1)", "from 1 to 1024 packets", take_number, MEMBER(burst), 1,
	  1024 },
	{ 'W', "timeout", "TIME", "an answer after this is late (2 s)", TAKES_DURATION, take_duration, MEMBER(timeout_ns), 1,
	  600 * CLOCK_S_NS },
	{ 0, "warmup", "N", "send N packets first and leave them out", "a number of packets", take_number, MEMBER(warmup), 0,
	  UINT32_MAX },
	{ 's', "size", "N", "bytes of UDP payload, or of a message (64; info: 900)", "a number of bytes from 0 to 65507",
	  take_number, MEMBER(size_bytes), 0, PLAN_SIZE_MAX_BYTES },
	{ 0, "sweep", "A:B:STEP", "sizes from A to B bytes, one after the other",
	  "sizes as 64:1472:64: from, to and a step, 2 to 256 of them, up to 65507 bytes", take_sweep, .width = 0 },
	{ 0, "fill", "WHAT", "pattern, zeros, random, or a text of yours (pattern)",
	  "pattern, zeros, random or a text that is not empty", take_fill, .width = 0 },
	{ 'I', "source", "FROM", "an address or interface of this host", "an address or an interface of this host",
	  take_text, MEMBER(source) },
	{ 0, "sport", "PORT", "send from this port, flows from the next ones too", "a port number from 1 to 65535",
	  take_number, MEMBER(source_port), 1, UINT16_MAX },
	{ 0, "reconnect", NULL, "a connection a message", NULL, take_flag, MEMBER(reconnect) },
	{ 0, "proxy", "HEADER", "a PROXY header first: v1,SOURCE,DESTINATION or v2,...",
	  "v1 or v2 and two addresses of one family with their ports, as v2,192.0.2.1:1000,192.0.2.2:7", take_proxy,
	  .width = 0 },
	{ 0, "ask", "TEXT", "what hostname asks (HADDR 127.0.0.1)", "a line of at most 1000 bytes", take_ask, .width = 0 },
	{ 0, "flows", "N", "so many flows, each from a port of its own (1)", "from 1 to 1024 flows", take_number,
	  MEMBER(flows), 1, PLAN_FLOWS_MAX },
	{ 0, "ack", "WHAT", "mtu: whose small answers confirm, NAME or NAME:PORT (time)",
	  "time, daytime or info, with :PORT where it is not the usual one, or none", take_ack, .width = 0 },
	{ 0, "auth", "FILE", "stamp: authenticated, by the key in this file", "a file with a key", take_text,
	  MEMBER(key_file) },
	{ 0, "ssid", "N", "stamp: the session's identifier", "a number from 1 to 65535", take_number, MEMBER(ssid), 1,
	  UINT16_MAX },
	{ 0, "ptp", NULL, "stamp: time stamps of PTP", NULL, take_flag, MEMBER(ptp) },
	{ 0, "tlv", "LIST", "stamp: ask for cos[=DSCP], location, timestamp, direct, followup",
	  "a list of cos[=DSCP], location, timestamp, direct, followup and padding=BYTES", take_tlvs, .width = 0 },
	{ 't', "ttl", "N", "TTL, or hop limit (64; stamp: 255)", "a TTL from 1 to 255, as in ping; for TCP say -T",
	  take_number, MEMBER(ttl), 1, 255 },
	{ 0, "dscp", "WHAT", "a number or a name as EF, CS1, AF41", "a number from 0 to 63, or a name as EF, CS1 or AF41",
	  take_dscp, .width = 0 },
	{ 0, "ecn", "WHAT", "not, ect0, ect1 or ce (not)", "not, ect0, ect1 or ce", take_ecn, .width = 0 },
	{ 0, "df", NULL, "never in fragments, whatever the path MTU is thought to be", NULL, take_flag, MEMBER(df) },
	{ 0, "timestamps", "WHOSE", "auto, kernel or user (auto)", "auto, kernel or user", take_stamps, .width = 0 },
	{ 'w', "warning", "RTT,LOSS%", "not good beyond this mean RTT in ms, and share not back in time", TAKES_LIMITS,
	  take_limits, MEMBER(warning) },
	{ 'C', "critical", "RTT,LOSS%", "likewise; the exit status is 0 within it", TAKES_LIMITS, take_limits,
	  MEMBER(critical) },
	{ 0, "format", "NAME", "text, json, jsonl, csv, openmetrics or nagios (text)",
	  "text, json, jsonl, csv, openmetrics or nagios", take_format, .width = 0 },
	{ 'J', NULL, NULL, "--format json", NULL, take_json, .width = 0 },
	{ 0, "every", "TIME", "what happened in each such interval too", TAKES_DURATION, take_duration, MEMBER(every_ns),
	  CLOCK_MS_NS, CLOCK_NEVER - 1 },
	{ 'q', "quiet", NULL, "the summary only", NULL, take_words, .width = 0 },
	{ 'v', "verbose", NULL, "a line a packet", NULL, take_words, .width = 0 },
	{ 0, "exporter", "WHERE", "go on for ever, with metrics over HTTP at [ADDRESS:]PORT",
	  "a port, with an address of this host before it where that is not to be 127.0.0.1: [ADDRESS:]PORT", take_exporter,
	  .width = 0 },
	{ 0, "expect-impair", "SEED,KEY=%", "tell apart what the server's impair does, by content",
	  "a seed and shares, as 42,drop=1%,corrupt=0.5%", take_expect, .width = 0 },
	{ 0, "i-own-this-host", NULL, "more than 100 packets a second to a public address", NULL, take_flag,
	  MEMBER(own_host) },
	{ 0, "flood", NULL, "more than 1,000 packets a second", NULL, take_flag, MEMBER(flood) },
	{ 'V', "version", NULL, "the version", NULL, NULL, .width = 0 },
	{ 'h', "help", NULL, "this text", NULL, NULL, .width = 0 },
};
