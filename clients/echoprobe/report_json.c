/* SPDX-License-Identifier: MIT */
/* The JSON document. */
#include "echoprobe/report_json.h"

#include "base/attr.h"
#include "echoprobe/figures.h"
#include "echoprobe/json_value.h"
#include "echoprobe/probe.h"
#include "echoprobe/report_json_parts.h"
#include "echoprobe/units.h"

json_t *report_json_run(const struct result *r)
{
	static const char *const transports[] = { [PLAN_UDP] = "udp", [PLAN_TCP] = "tcp", [PLAN_UNIX] = "unix" };
	static const char *const fills[] = { "pattern", "zeros", "random", "text" };
	const struct plan *p = r->plan;
	json_t *o = json_value_object();

	json_value_set(o, "test", json_value_text(p->probe->name));
	json_value_set(o, "transport", json_value_text(transports[p->transport]));
	json_value_set(o, "started_at", json_value_moment(r->started_at));
	json_value_set(o, "duration_ns", json_value_count(r->duration_ns));
	json_value_set(o, "ended_by", json_value_text(result_end_name(r->ended_by)));
	json_value_set(o, "count", json_value_count(p->count));
	json_value_set(o, "interval_ns", json_value_count(p->interval_ns));
	json_value_set(o, "schedule", json_value_text(p->schedule == PLAN_POISSON ? "poisson" : "periodic"));
	json_value_set(o, "burst", json_value_count(p->burst));
	json_value_set(o, "warmup", json_value_count(p->warmup));
	json_value_set(o, "timeout_ns", json_value_count(p->timeout_ns));
	json_value_set(o, "size_bytes", json_value_count(p->size_bytes));
	json_value_set(o, "fill", json_value_text(fills[p->fill]));
	json_value_set(o, "ttl", json_value_count(p->ttl));
	json_value_set(o, "dscp", json_value_count(p->dscp));
	json_value_set(o, "ecn", json_value_text(units_ecn_name(p->ecn)));
	json_value_set(o, "df", json_boolean(p->df));
	json_value_set(o, "flows", json_value_count(p->flows));
	return o;
}

json_t *report_json_target(const struct result *r)
{
	json_t *o = json_value_object();

	json_value_set(o, "name", json_value_text(r->target.name));
	if (r->target.addr.family != AF_UNIX) {
		json_value_set(o, "address", json_value_addr(&r->target.addr));
		json_value_set(o, "port", json_value_count(r->target.addr.port));
	}
	return o;
}

json_t *report_json_source(const struct result *r)
{
	const struct result_source *s = &r->source;
	struct result_value port = { .known = s->addr.family != AF_UNSPEC, .value = s->addr.port };
	json_t *o = json_value_object();

	json_value_set(o, "address", json_value_addr(&s->addr));
	json_value_set(o, "port", json_value_of(port));
	json_value_set(o, "interface", json_value_text(s->interface));
	return o;
}

/* --- figures -------------------------------------------------------------------------------------------------------- */

static json_t *figure_value(enum figure figure, const struct result_scope *s)
{
	struct figure_value v = figures_get(figure, s);

	if (!v.known)
		return json_null();
	return figures[figure].kind == FIGURE_RATIO ? json_real(v.ratio) : json_value_of(RESULT_KNOWN(v.whole));
}

/* Buckets that are not empty, as [low, high, count]: both ends belong to one. */
static json_t *histogram(const struct histogram *h)
{
	json_t *o = json_value_object(), *buckets = json_value_array();

	json_value_set(o, "error_ratio", json_real(1.0 / (2 * HISTOGRAM_STEPS)));
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		json_t *bucket = h->bucket[i] ? json_value_array() : NULL;

		if (!bucket)
			continue;
		json_value_add(bucket, json_value_of(RESULT_KNOWN(histogram_low_ns(i))));
		json_value_add(bucket, json_value_of(RESULT_KNOWN(histogram_high_ns(i))));
		json_value_add(bucket, json_value_count(h->bucket[i]));
		json_value_add(buckets, bucket);
	}
	json_value_set(o, "buckets", buckets);
	return o;
}

/* The object that the members of a group are put into, which is in the scope's object already; NULL: it does not apply. */
static json_t *open_group(const struct figure_group_row *group, const struct result_scope *s, json_t *object)
{
	json_t *members;

	if (group->form == FIGURE_MEMBERS)
		return object;
	if (group->form == FIGURE_IF_EXPECTED && !s->expects)
		return NULL;
	members = group->form == FIGURE_ARRAY ? json_value_array() : json_value_object();
	json_value_set(object, group->name, members);
	return members;
}

json_t *report_json_scope(const struct result_scope *s)
{
	json_t *o = json_value_object(), *groups[FIGURE_GROUPS_N];

	for (unsigned i = 0; i < FIGURE_GROUPS_N; i++)
		groups[i] = open_group(&figure_groups[i], s, o);
	for (unsigned i = 0; i < FIGURES_N; i++) {
		json_t *group = groups[figures[i].group];

		if (json_is_array(group))
			json_value_add(group, figure_value((enum figure)i, s));
		else if (group)
			json_value_set(group, figures[i].name, figure_value((enum figure)i, s));
	}
	json_value_set(o, "rtt_histogram", histogram(&s->tally->rtt));
	return o;
}

/* Flows and sizes: what they are told apart by, then their figures. */
static json_t *scopes(const struct result_scope *scopes, size_t n)
{
	json_t *a = json_value_array();

	for (size_t i = 0; i < n; i++) {
		json_t *o = report_json_scope(&scopes[i]);

		if (scopes[i].port)
			json_value_set(o, "port", json_value_count(scopes[i].port));
		json_value_set(o, "size_bytes", json_value_count(scopes[i].size_bytes));
		json_value_set(o, "ttl", json_value_of(scopes[i].ttl));
		json_value_add(a, o);
	}
	return a;
}

/* --- the document --------------------------------------------------------------------------------------------------- */

json_t *report_json_program(void)
{
	json_t *o = json_value_object();

	json_value_set(o, "name", json_value_text("echoprobe"));
	json_value_set(o, "version", json_value_text(PACKAGE_VERSION));
	return o;
}

static json_t *icmp_errors(const struct result *r)
{
	json_t *a = json_value_array();

	for (size_t i = 0; i < r->icmp_n; i++)
		json_value_add(a, report_json_icmp(&r->icmp[i]));
	return a;
}

static json_t *notes(const struct result *r)
{
	json_t *a = json_value_array();

	for (size_t i = 0; i < r->notes_n; i++)
		json_value_add(a, json_value_text(r->notes[i]));
	return a;
}

json_t *report_json_document(const struct result *r)
{
	json_t *o = json_value_object();

	json_value_set(o, "schema", json_value_text(REPORT_JSON_SCHEMA));
	json_value_set(o, "program", report_json_program());
	json_value_set(o, "run", report_json_run(r));
	json_value_set(o, "target", report_json_target(r));
	json_value_set(o, "source", report_json_source(r));
	json_value_set(o, "total", report_json_scope(&r->total));
	report_json_parts(r, o);
	json_value_set(o, "flows", scopes(r->flows, r->flows_n));
	json_value_set(o, "sizes", scopes(r->sizes, r->sizes_n));
	json_value_set(o, "icmp", icmp_errors(r));
	json_value_set(o, "host", report_json_host(&r->host));
	json_value_set(o, "notes", notes(r));
	return o;
}

void report_json_finish(const struct result *const *results, size_t n, FILE *to)
{
	json_t *all = json_value_array();

	for (size_t i = 0; n > 1 && i < n; i++)
		json_value_add(all, report_json_document(results[i]));
	if (n == 1) {
		json_decref(all);
		all = report_json_document(results[0]);
	}
	json_value_write(all, to);
}
