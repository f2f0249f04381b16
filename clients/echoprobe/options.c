/* SPDX-License-Identifier: MIT */
/*
 * The command line, read into a plan by the table of options.
 *
 * Flow: a row of the table says its letter and name, what it takes in words, so that a refusal says what would be
 * right, and the function that reads its value. What no single row can know is checked at the end.
 */
#include "echoprobe/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sys/socket.h>

#include "echoprobe/chargen.h"
#include "echoprobe/echo.h"
#include "echoprobe/hostname.h"
#include "echoprobe/options_private.h"
#include "echoprobe/probe.h"
#include "echoprobe/report.h"
#include "echoprobe/stamp.h"

void options_help(struct text *t)
{
	text_add(t, "usage: echoprobe [TEST] HOST[:PORT]... [options]\n  TEST is");
	for (size_t i = 0; probe_at(i); i++)
		text_addf(t, "%s %s%s", i == 0 ? "" : ",", probe_at(i)->name, i == 0 ? " (unless said)" : "");
	text_add(t, "\n");
	for (size_t i = 0; i < OPTIONS_N; i++) {
		const struct option_row *r = &options_rows[i];
		char storage[64];
		struct text words = TEXT_OVER(storage);

		if (r->letter)
			text_addf(&words, "-%c", r->letter);
		if (r->name)
			text_addf(&words, "%s--%s", r->letter ? ", " : "    ", r->name);
		if (r->argument)
			text_addf(&words, " %s", r->argument);
		text_addf(t, "  %-24s %s\n", storage, r->help);
	}
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

#define NAMES_N (OPTIONS_N + 1)
#define COUNT_UNSAID UINT64_MAX /* 10 packets, but with -d as many as the time has */
#define SIZE_UNSAID UINT32_MAX  /* the test's own, or PLAN_SIZE_BYTES */
#define LONG_BASE 256           /* getopt_long's value of row i: LONG_BASE + i */

struct forms {
	struct option names[NAMES_N];
	char letters[2 * NAMES_N + 2];
};

static void make_forms(struct forms *f)
{
	struct text letters = TEXT_OVER(f->letters);
	size_t names_n = 0;

	memset(f->names, 0, sizeof(f->names));
	text_add(&letters, ":");
	for (size_t i = 0; i < OPTIONS_N; i++) {
		if (options_rows[i].letter)
			text_addf(&letters, "%c%s", options_rows[i].letter, options_rows[i].argument ? ":" : "");
		if (options_rows[i].name)
			f->names[names_n++] = (struct option){
				.name = options_rows[i].name,
				.has_arg = options_rows[i].argument ? required_argument : no_argument,
				.val = LONG_BASE + (int)i,
			};
	}
}

static const struct option_row *row_of(int value)
{
	for (size_t i = 0; i < OPTIONS_N; i++)
		if (value == LONG_BASE + (int)i || (options_rows[i].letter && value == options_rows[i].letter))
			return &options_rows[i];
	return NULL;
}

/* "-t" or "--ttl", as it was written. */
static void add_option_name(struct text *t, const struct option_row *row, int value)
{
	if (value >= LONG_BASE)
		text_addf(t, "--%s", row->name);
	else
		text_addf(t, "-%c", row->letter);
}

static int take(int value, struct plan *plan, struct text *why)
{
	const struct option_row *row = row_of(value);

	assert(row && row->take);
	if (row->take(row, plan, optarg ? optarg : "") == 0)
		return 0;
	add_option_name(why, row, value);
	text_addf(why, " takes %s", row->takes);
	return -EINVAL;
}

static int refuse(int value, char **argv, struct text *why)
{
	const struct option_row *row = row_of(optopt);

	if (value == ':' && row) {
		add_option_name(why, row, optopt);
		text_addf(why, " takes %s", row->takes);
	} else if (optopt != 0 && !row)
		text_addf(why, "there is no option -%c; -h lists them", optopt);
	else
		text_addf(why, "there is no option %s; -h lists them", argv[optind - 1]);
	return -EINVAL;
}

/* The words that are no options: [TEST] HOST... */
static int take_words(int n, char **words, struct plan *plan, struct text *why)
{
	if (n > 0 && probe_find(words[0])) {
		plan->probe = probe_find(words[0]);
		words++;
		n--;
	}
	if (plan->transport == PLAN_UNIX && n > 0) {
		text_addf(why, "--unix is instead of a host: %s is one word too many", words[0]);
		return -EINVAL;
	}
	if (plan->transport == PLAN_UNIX) {
		plan->hosts = &plan->unix_path;
		plan->hosts_n = 1;
		return 0;
	}
	if (n == 0) {
		text_addf(why, "a host is missing: echoprobe %s HOST", plan->probe->name);
		return -EINVAL;
	}
	plan->hosts = (const char **)words;
	plan->hosts_n = (size_t)n;
	return 0;
}

/* A report without the target in it is of one target; what comes as the run goes on must have a place in it. */
static int settle_report(const struct plan *plan, struct text *why)
{
	const struct report *report = plan->report;

	if (plan->hosts_n > 1 && (report == report_find("csv") || report == report_find("nagios"))) {
		text_addf(why, "--format %s is for one host", report->name);
		return -EINVAL;
	}
	if (plan->every_ns != 0 && !report->interval) {
		text_addf(why, "--every goes with --format text or jsonl");
		return -EINVAL;
	}
	return 0;
}

/* The test's reading of the rest. */
static int settle_test(struct plan *plan, struct text *why)
{
	const struct probe_session *session = plan->probe->session;

	if (plan->ttl == 0)
		plan->ttl = session ? session->ttl : PLAN_TTL;
	const char *stamps_own = plan->key_file          ? "--auth"
				 : plan->ssid != 0       ? "--ssid"
				 : plan->ptp             ? "--ptp"
				 : plan->tlvs.types != 0 ? "--tlv"
							 : NULL;
	bool takes_key = plan->probe == probe_find("audit") && plan->ssid == 0 && !plan->ptp && plan->tlvs.types == 0;

	if (stamps_own && plan->probe != probe_find("stamp") && !takes_key) {
		text_addf(why, "%s is stamp's: there is none in %s", stamps_own, plan->probe->name);
		return -EINVAL;
	}
	if (session && session->settle(plan, why) < 0)
		return -EINVAL;
	return settle_report(plan, why);
}

/* The reason why all packets of a test have one size; NULL: they may have others. */
static const char *one_size(const struct plan *plan)
{
	const struct probe *probe = plan->probe;

	if (probe->session && probe->session->one_size)
		return probe->session->one_size;
	if (probe->exchange && probe->exchange->one_size)
		return probe->exchange->one_size;
	if (plan->transport == PLAN_UDP || probe->exchange == &chargen_exchange || probe->exchange->ask)
		return NULL;
	return "nothing is sent over a connection";
}

/* Sizes one after the other are of tests that send, or ask for, as much as is said, and each of them comes to an end. */
static int refuse_sweep(const struct plan *plan, struct text *why)
{
	const struct probe *probe = plan->probe;
	const char *reason = one_size(plan);

	if (reason)
		text_addf(why, "there is no --sweep of %s: %s", probe->name, reason);
	else if (plan->transport != PLAN_UDP && probe->exchange == &echo_exchange && !plan->reconnect)
		text_add(why, "--sweep over a connection goes with --reconnect");
	else if (plan->count == 0 && plan->duration_ns == CLOCK_NEVER)
		text_add(why, "--sweep goes from size to size: say with -c or -d when");
	return why->len > 0 ? -EINVAL : 0;
}

/* The options that are about what comes back. */
static int refuse_silent(const struct plan *plan, struct text *why)
{
	const char *option = plan->warning.said    ? "-w"
			     : plan->critical.said ? "-C"
			     : plan->expects       ? "--expect-impair"
			     : plan->sizes_n > 1   ? "--sweep"
						   : NULL;

	if (!option)
		return 0;
	text_addf(why, "%s answers no datagram: leave %s out", plan->probe->name, option);
	return -EINVAL;
}

/* Checks that depend on more than one option. */
static int settle(struct plan *plan, struct text *why)
{
	const struct probe_session *session = plan->probe->session;
	static const char *const names[] = { [PLAN_UDP] = "UDP", [PLAN_TCP] = "TCP", [PLAN_UNIX] = "a UNIX socket" };

	if (plan->probe->exchange == &hostname_exchange)
		plan->size_bytes = hostname_size_bytes(plan);
	else if (plan->size_bytes == SIZE_UNSAID)
		plan->size_bytes = plan->probe == probe_find("stamp")    ? stamp_size_bytes(plan)
				   : session && session->size_bytes != 0 ? session->size_bytes
									 : PLAN_SIZE_BYTES;
	plan->room_bytes = plan->size_bytes + (plan->sizes_n - 1) * plan->step_bytes;
	if (session && session->room_bytes > plan->room_bytes)
		plan->room_bytes = session->room_bytes;
	if (!plan->transport_said)
		plan->transport = plan->probe->transport;
	if (plan->count == COUNT_UNSAID)
		plan->count = plan->duration_ns == CLOCK_NEVER && plan->exporter.family == AF_UNSPEC ? PLAN_COUNT : 0;
	if ((plan->probe->transports & 1u << plan->transport) == 0) {
		text_addf(why, "there is no %s over %s", plan->probe->name, names[plan->transport]);
		return -EINVAL;
	}
	if (plan->expects && plan->transport != PLAN_UDP) {
		text_addf(why, "--expect-impair goes with datagrams");
		return -EINVAL;
	}
	if (plan->source_port != 0 && plan->source_port + plan->flows - 1 > UINT16_MAX) {
		text_addf(why, "--sport %u leaves no room for %u flows", plan->source_port, plan->flows);
		return -EINVAL;
	}
	if (plan->transport == PLAN_UDP && (plan->reconnect || plan->proxy.n > 0)) {
		text_addf(why, "%s is for connections: say -T or --unix with it",
			  plan->reconnect ? "--reconnect" : "--proxy");
		return -EINVAL;
	}
	if (plan->transport != PLAN_UDP && plan->size_bytes == 0) {
		text_add(why, "-s takes at least 1 byte of a connection: nothing would be sent");
		return -EINVAL;
	}
	if (probe_is_silent(plan) && refuse_silent(plan, why) < 0)
		return -EINVAL;
	if (plan->sizes_n > 1 && refuse_sweep(plan, why) < 0)
		return -EINVAL;
	return settle_test(plan, why);
}

int options_read(int argc, char **argv, struct plan *ret, enum options_what *ret_what, struct text *why)
{
	struct plan plan = {
		.probe = probe_at(0),
		.family = AF_UNSPEC,
		.count = COUNT_UNSAID,
		.duration_ns = CLOCK_NEVER,
		.interval_ns = CLOCK_S_NS,
		.burst = 1,
		.timeout_ns = 2 * CLOCK_S_NS,
		.size_bytes = SIZE_UNSAID,
		.sizes_n = 1,
		.ask = "HADDR 127.0.0.1",
		.flows = 1,
		.ack = probe_find("time"),
		.ack_port = PLAN_ACK_PORT,
		.report = report_at(0),
	};
	struct forms forms;
	int r = 0;

	make_forms(&forms);
	opterr = 0;
	optind = 0; /* glibc: from the beginning, whatever was read before */
	*ret_what = OPTIONS_RUN;
	for (int c; r == 0 && (c = getopt_long(argc, argv, forms.letters, forms.names, NULL)) != -1;) {
		const struct option_row *row = row_of(c);

		if (!row) /* '?' or ':' */
			return refuse(c, argv, why);
		if (!row->take) {
			*ret_what = row->letter == 'h' ? OPTIONS_HELP : OPTIONS_VERSION;
			return 0;
		}
		r = take(c, &plan, why);
	}
	if (r == 0)
		r = take_words(argc - optind, argv + optind, &plan, why);
	if (r == 0)
		r = settle(&plan, why);
	if (r == 0) {
		*ret = plan;
		if (plan.hosts == &plan.unix_path)
			ret->hosts = &ret->unix_path;
	}
	return r;
}
