/* SPDX-License-Identifier: MIT */
/* An audit's report. */
#include "echoprobe/audit_report.h"

#include <string.h>

#include "echoprobe/json_value.h"
#include "echoprobe/probe.h"
#include "echoprobe/report_json.h"
#include "echoprobe/text_value.h"

static const char *transport_name(const struct audit_rule *rule)
{
	return rule->transport == PLAN_UDP ? "udp" : "tcp";
}

static uint16_t port_of(const struct audit_result *r, const struct audit_rule *rule)
{
	return r->ports.port[rule->service][rule->transport];
}

/* --- text ----------------------------------------------------------------------------------------------------------- */

void audit_report_start(const struct audit_result *r, FILE *to)
{
	char storage[ADDR_TEXT_MAX];
	struct text address = TEXT_OVER(storage);

	addr_add_text(&address, &r->target.addr);
	if (strcmp(r->target.name, storage) == 0)
		fprintf(to, "audit of %s\n", storage);
	else
		fprintf(to, "audit of %s (%s)\n", r->target.name, storage);
}

/* Whether none of these rules could be tested, for one reason. */
static bool is_absent(const struct audit_result *r, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		if (r->findings[i].verdict != AUDIT_NOT_TESTABLE ||
		    strcmp(r->findings[i].reason, r->findings[first].reason) != 0)
			return false;
	return true;
}

static void write_rule(const struct audit_rule *rule, const struct audit_finding *f, FILE *to)
{
	fprintf(to, "  %-13s %-21s %s  [%s, %s]\n", audit_verdict_name(f->verdict), rule->id, rule->sentence,
		rule->reference, rule->section);
	if (f->reason[0] != '\0')
		fprintf(to, "  %-13s %s\n", "", f->reason);
	if (f->bytes_n == 0)
		return;
	fprintf(to, "  %-13s from octet %zu:", "", f->at);
	for (size_t i = 0; i < f->bytes_n; i++)
		fprintf(to, " %02x", f->bytes[i]);
	fputc('\n', to);
}

void audit_report_block(const struct audit_result *r, size_t first, size_t end, FILE *to)
{
	const struct audit_rule *rule = &audit_rules[first];
	char storage[64];
	struct text rules = TEXT_OVER(storage);
	const bool brief = r->plan->words == PLAN_SUMMARY;

	if (is_absent(r, first, end)) {
		text_value_plural(&rules, (int64_t)(end - first), "rule", "rules");
		if (!brief)
			fprintf(to, "\n%s/%s, port %u: not testable: %s (%s)\n", audit_service_name(rule->service),
				transport_name(rule), port_of(r, rule), r->findings[first].reason, storage);
		return;
	}
	if (!brief)
		fprintf(to, "\n%s/%s, port %u\n", audit_service_name(rule->service), transport_name(rule), port_of(r, rule));
	for (size_t i = first; i < end; i++)
		if (!brief || r->findings[i].verdict == AUDIT_BROKEN)
			write_rule(&audit_rules[i], &r->findings[i], to);
	fflush(to);
}

void audit_report_end(const struct audit_result *r, FILE *to)
{
	fprintf(to, "%s%zu kept, %zu broken, %zu not testable\n", r->plan->words == PLAN_SUMMARY ? "" : "\n",
		audit_result_count(r, AUDIT_KEPT), audit_result_count(r, AUDIT_BROKEN),
		audit_result_count(r, AUDIT_NOT_TESTABLE));
}

/* --- JSON ----------------------------------------------------------------------------------------------------------- */

static json_t *run(const struct audit_result *r)
{
	json_t *o = json_value_object();

	json_value_set(o, "test", json_value_text(r->plan->probe->name));
	json_value_set(o, "started_at", json_value_moment(r->started_at));
	json_value_set(o, "duration_ns", json_value_count(r->duration_ns));
	json_value_set(o, "ended_by", json_value_text(result_end_name(r->ended_by)));
	json_value_set(o, "interval_ns", json_value_count(r->plan->interval_ns));
	json_value_set(o, "timeout_ns", json_value_count(r->plan->timeout_ns));
	return o;
}

static json_t *target(const struct audit_result *r)
{
	json_t *o = json_value_object();

	json_value_set(o, "name", json_value_text(r->target.name));
	json_value_set(o, "address", json_value_addr(&r->target.addr));
	return o;
}

static json_t *bytes(const struct audit_finding *f)
{
	char storage[2 * AUDIT_SHOWN_BYTES + 1];
	struct text hex = TEXT_OVER(storage);
	json_t *o = json_value_object();

	for (size_t i = 0; i < f->bytes_n; i++)
		text_addf(&hex, "%02x", f->bytes[i]);
	json_value_set(o, "offset", json_value_count(f->at));
	json_value_set(o, "hex", json_value_text(storage));
	return o;
}

static json_t *rule(const struct audit_result *r, size_t i)
{
	const struct audit_rule *rule = &audit_rules[i];
	const struct audit_finding *f = &r->findings[i];
	json_t *o = json_value_object();

	json_value_set(o, "id", json_value_text(rule->id));
	json_value_set(o, "service", json_value_text(audit_service_name(rule->service)));
	json_value_set(o, "transport", json_value_text(transport_name(rule)));
	json_value_set(o, "port", json_value_count(port_of(r, rule)));
	json_value_set(o, "reference", json_value_text(rule->reference));
	json_value_set(o, "section", json_value_text(rule->section));
	json_value_set(o, "rule", json_value_text(rule->sentence));
	json_value_set(o, "verdict", json_value_text(audit_verdict_name(f->verdict)));
	json_value_set(o, "reason", json_value_text(f->reason[0] != '\0' ? f->reason : NULL));
	json_value_set(o, "bytes", f->bytes_n > 0 ? bytes(f) : json_null());
	return o;
}

json_t *audit_report_json(const struct audit_result *r)
{
	json_t *o = json_value_object(), *found = json_value_object(), *rules = json_value_array();

	json_value_set(o, "schema", json_value_text(REPORT_JSON_SCHEMA));
	json_value_set(o, "program", report_json_program());
	json_value_set(o, "run", run(r));
	json_value_set(o, "target", target(r));
	json_value_set(found, "kept", json_value_count(audit_result_count(r, AUDIT_KEPT)));
	json_value_set(found, "broken", json_value_count(audit_result_count(r, AUDIT_BROKEN)));
	json_value_set(found, "not_testable", json_value_count(audit_result_count(r, AUDIT_NOT_TESTABLE)));
	for (size_t i = 0; i < audit_rules_n; i++)
		if (audit_result_has(r, i))
			json_value_add(rules, rule(r, i));
	json_value_set(found, "rules", rules);
	json_value_set(o, "audit", found);
	return o;
}
