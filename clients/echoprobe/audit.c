/* SPDX-License-Identifier: MIT */
/* The audit: rule by rule, host by host. */
#include "echoprobe/audit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/pages.h"
#include "echoprobe/audit_connection.h"
#include "echoprobe/audit_datagram.h"
#include "echoprobe/audit_raw.h"
#include "echoprobe/audit_report.h"
#include "echoprobe/audit_wire.h"
#include "echoprobe/json_value.h"
#include "echoprobe/manners.h"
#include "echoprobe/report.h"
#include "echoprobe/stamp_key.h"
#include "echoprobe/verdict.h"

/* The place of one host's audit. */
struct audit {
	struct audit_result result;
	struct audit_wire wire;
	struct audit_heard heard; /* the last answer              */
	bool is_there;            /* the service of these rules has answered, or accepted a connection */
	bool is_gone;             /* it is asked no more          */
	uint64_t next_ns;         /* nothing is sent before       */
};

/* ^C; the second one ends the program. */
static volatile sig_atomic_t interrupted;

static void interrupt(int number maybe_unused)
{
	interrupted = 1;
}

/* --- one rule ------------------------------------------------------------------------------------------------------- */

static const struct audit_ask *ask_of(size_t i)
{
	return &audit_asks[audit_rules[i].ask];
}

static bool is_same_service(size_t i, size_t j)
{
	return audit_rules[i].service == audit_rules[j].service && audit_rules[i].transport == audit_rules[j].transport;
}

/* Says what the rule asks, when the time has come, and hears what comes of it. */
static void exchange(struct audit *a, size_t i)
{
	const struct audit_rule *rule = &audit_rules[i];
	const struct audit_ask *ask = ask_of(i);
	struct audit_heard h = {
		.said = a->wire.said, .at = a->wire.heard, .tries = a->heard.tries, .key = &a->result.plan->key
	};

	audit_wire_wait(&a->wire, -1, 0, a->next_ns);
	if (interrupted)
		return;
	a->next_ns = clock_add(clock_mono_ns(), a->result.plan->interval_ns);
	a->wire.target.port = a->result.ports.port[rule->service][rule->transport];
	h.asked = a->wire.target;
	h.said_n = audit_ask_write(ask, h.key, a->wire.said);
	h.tries++;
	if (ask->from_zero)
		audit_raw_exchange(&a->wire, &h);
	else if (rule->transport == PLAN_UDP)
		audit_datagram_exchange(&a->wire, ask, &h);
	else
		audit_connection_exchange(&a->wire, ask, &h);
	a->heard = h;
}

/* A datagram may be lost: where an answer is due, it is asked again. */
static void ask(struct audit *a, size_t i)
{
	unsigned tries = audit_rules[i].transport == PLAN_UDP && ask_of(i)->due == AUDIT_DUE_ANSWER ? AUDIT_TRIES : 1;

	a->heard.tries = 0;
	do
		exchange(a, i);
	while (!interrupted && a->heard.end == AUDIT_SILENT && a->heard.answers == 0 && a->heard.tries < tries);
	a->is_there = a->is_there || a->heard.answers > 0 ||
		      (audit_rules[i].transport == PLAN_TCP && a->heard.end != AUDIT_UNREACHED &&
		       a->heard.end != AUDIT_PROHIBITED);
}

/* Says why what was heard cannot be judged; false: it can. */
static bool is_untestable(const struct audit *a, size_t i, struct audit_finding *f)
{
	const struct audit_heard *h = &a->heard;
	const struct audit_ask *ask = ask_of(i);

	if (interrupted)
		audit_heard_skip(f, "interrupted");
	else if (h->end == AUDIT_PROHIBITED)
		audit_heard_skip(f, "administratively prohibited: nothing more is sent to this host");
	else if (ask->from_zero && h->end == AUDIT_UNREACHED && h->error == EPERM)
		audit_heard_skip(f, "root alone may send from port 0");
	else if (h->end == AUDIT_UNREACHED)
		audit_heard_skip(f, "%s", strerror(h->error));
	else if (audit_rules[i].transport == PLAN_TCP || h->answers > 0 || ask->due == AUDIT_DUE_NEVER)
		return false;
	else if (!a->is_there)
		audit_heard_skip(f, ask->due == AUDIT_DUE_ANSWER ? "no answer" : "it answers no other datagram");
	else if (ask->fragments)
		audit_heard_skip(f, "no answer, as where a path takes no fragments");
	return f->verdict == AUDIT_NOT_TESTABLE;
}

/* The rules of a service: from `first` to before `end`. */
static void try_service(struct audit *a, size_t first, size_t end)
{
	struct audit_finding *findings = a->result.findings;

	a->is_there = a->is_gone = false;
	for (size_t i = first; i < end; i++) {
		if (a->is_gone || a->result.ended_by == RESULT_PROHIBITED) {
			findings[i] = findings[i == 0 ? 0 : i - 1];
			if (i == first)
				audit_heard_skip(&findings[i],
						 "administratively prohibited: nothing more is sent to this host");
			continue;
		}
		if (i == first || audit_rules[i].ask != audit_rules[i - 1].ask)
			ask(a, i);
		if (!is_untestable(a, i, &findings[i]))
			audit_rules[i].judge(&a->heard, &findings[i]);
		if (interrupted)
			a->result.ended_by = RESULT_INTERRUPTED;
		else if (a->heard.end == AUDIT_PROHIBITED)
			a->result.ended_by = RESULT_PROHIBITED;
		a->is_gone = findings[i].verdict == AUDIT_NOT_TESTABLE && !a->is_there;
	}
}

/* --- a host --------------------------------------------------------------------------------------------------------- */

static bool is_text(const struct plan *plan)
{
	return plan->report == report_find("text");
}

static void try_host(struct audit *a)
{
	struct audit_result *r = &a->result;
	uint64_t start_ns = clock_mono_ns();

	r->started_at = clock_wall();
	r->ended_by = RESULT_COUNT;
	if (is_text(r->plan))
		audit_report_start(r, stdout);
	for (size_t i = 0, end; i < audit_rules_n; i = end) {
		for (end = i + 1; end < audit_rules_n && is_same_service(i, end); end++)
			;
		if (!audit_result_has(r, i))
			continue;
		if (audit_rules[i].service == AUDIT_STAMP_AUTH && !r->plan->key_file)
			for (size_t k = i; k < end; k++)
				audit_heard_skip(&r->findings[k], "--auth names no key");
		else
			try_service(a, i, end);
		if (is_text(r->plan))
			audit_report_block(r, i, end, stdout);
	}
	r->duration_ns = clock_mono_ns() - start_ns;
	if (is_text(r->plan))
		audit_report_end(r, stdout);
}

/* Finds the host's address, and whether it may be asked. 0, or -errno and the sentence. */
static int find_host(const struct plan *plan, const char *host, struct audit *a, struct text *why)
{
	struct plan without = *plan;
	int r;

	without.port = NULL;
	r = target_resolve(&without, host, &a->result.target, why);
	if (r == 0)
		r = target_source(plan, a->result.target.addr.family, &a->wire.from, why);
	if (r < 0)
		return r;
	text_addf(why, "%s: ", host);
	return manners_check(plan, &a->result.target.addr, why);
}

static int verdict(const struct audit_result *r)
{
	if (audit_result_count(r, AUDIT_BROKEN) > 0)
		return VERDICT_BAD;
	return audit_result_count(r, AUDIT_KEPT) > 0 ? VERDICT_GOOD : VERDICT_SILENT;
}

/* A host from beginning to end; its exit status. Its document is added to `all`. */
static int audit_host(const struct plan *plan, const char *host, struct audit *a, json_t *all)
{
	char storage[512];
	struct text why = TEXT_OVER(storage);
	int r;

	memset(a, 0, sizeof(*a));
	r = find_host(plan, host, a, &why);
	if (r == 0)
		r = audit_ports_read(plan, &a->result.ports, &why);
	if (r < 0) {
		fprintf(stderr, "echoprobe: %s\n", storage);
		return VERDICT_NOTHING;
	}
	a->result.plan = a->wire.plan = plan;
	a->result.target.addr.port = 0;
	a->wire.target = a->result.target.addr;
	a->wire.interrupted = &interrupted;
	try_host(a);
	json_value_add(all, audit_report_json(&a->result));
	return verdict(&a->result);
}

static int run(const struct plan *plan)
{
	const struct sigaction action = { .sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND };
	struct audit *a = pages_take(sizeof(*a));
	json_t *all = json_value_array();
	int code = VERDICT_GOOD;

	if (!a) {
		fprintf(stderr, "echoprobe: %s\n", strerror(ENOMEM));
		return VERDICT_NOTHING;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	for (size_t i = 0; i < plan->hosts_n && !interrupted; i++) {
		int r = audit_host(plan, plan->hosts[i], a, all);

		code = r > code ? r : code;
	}
	if (!is_text(plan) && json_array_size(all) > 0)
		json_value_write(json_array_size(all) == 1 ? json_incref(json_array_get(all, 0)) : json_incref(all), stdout);
	json_decref(all);
	if (fflush(stdout) != EOF && !ferror(stdout))
		return code;
	fputs("echoprobe: cannot write the report\n", stderr);
	return VERDICT_NOTHING;
}

/* --- the command line ----------------------------------------------------------------------------------------------- */

static int settle(struct plan *plan, struct text *why)
{
	struct audit_ports ports;

	if (plan->report != report_find("json") && !is_text(plan)) {
		text_add(why, "audit has --format text and json");
		return -EINVAL;
	}
	if (plan->exporter.family != AF_UNSPEC || plan->flows > 1 || plan->source_port != 0) {
		text_addf(why, "audit is one conversation after the other: leave %s out",
			  plan->source_port != 0 ? "--sport"
			  : plan->flows > 1      ? "--flows"
						 : "--exporter");
		return -EINVAL;
	}
	for (size_t i = 0; i < plan->hosts_n; i++) {
		struct units_host host;

		if (units_host(plan->hosts[i], &host) == 0 && host.port[0] != '\0') {
			text_addf(why, "audit asks at many ports: say -p SERVICE=%s", host.port);
			return -EINVAL;
		}
	}
	if (plan->key_file && stamp_key_read(plan->key_file, &plan->key, why) < 0)
		return -EINVAL;
	return audit_ports_read(plan, &ports, why);
}

const struct probe_session audit_session = {
	.ttl = PLAN_TTL,
	.one_size = "it chooses its sizes itself",
	.settle = settle,
	.run = run,
};
