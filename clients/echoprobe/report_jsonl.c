/* SPDX-License-Identifier: MIT */
/* JSON a line, as the run goes on. */
#include "echoprobe/report_jsonl.h"

#include "echoprobe/json_value.h"
#include "echoprobe/report_json.h"
#include "echoprobe/report_json_parts.h"
#include "echoprobe/units.h"

static json_t *line(const char *type, const struct result *r)
{
	json_t *o = json_value_object();

	json_value_set(o, "type", json_value_text(type));
	json_value_set(o, "target", report_json_target(r));
	return o;
}

static void write_line(json_t *o, FILE *to)
{
	json_value_write(o, to);
	(void)fflush(to);
}

/* The members of `from`, which is let go, are o's too. */
static void add_members(json_t *o, json_t *from)
{
	(void)json_object_update(o, from);
	json_decref(from);
}

void report_jsonl_start(const struct result *r, FILE *to)
{
	json_t *o = line("start", r);

	json_value_set(o, "run", report_json_run(r));
	json_value_set(o, "source", report_json_source(r));
	write_line(o, to);
}

void report_jsonl_packet(const struct result *r, const struct result_packet *p, FILE *to)
{
	json_t *o = line("packet", r);

	json_value_set(o, "flow", json_value_count(p->flow));
	json_value_set(o, "seq", json_value_count(p->seq));
	json_value_set(o, "sent_at", json_value_moment(p->sent_at));
	json_value_set(o, "result", json_value_text(result_fate_name(p->fate)));
	json_value_set(o, "rtt_ns", json_value_of(p->rtt_ns));
	json_value_set(o, "forward_ns", json_value_of(p->forward_ns));
	json_value_set(o, "backward_ns", json_value_of(p->backward_ns));
	json_value_set(o, "remote_ns", json_value_of(p->remote_ns));
	json_value_set(o, "bytes", json_value_of(p->bytes));
	json_value_set(o, "ttl", json_value_of(p->ttl));
	json_value_set(o, "dscp", json_value_of(p->dscp));
	json_value_set(o, "ecn", p->ecn.known ? json_value_text(units_ecn_name((uint8_t)p->ecn.value)) : json_null());
	write_line(o, to);
}

void report_jsonl_icmp(const struct result *r, const struct result_icmp *icmp, FILE *to)
{
	json_t *o = line("icmp", r);

	json_value_set(o, "flow", json_value_of(icmp->flow));
	json_value_set(o, "seq", json_value_of(icmp->seq));
	json_value_set(o, "icmp", report_json_icmp(icmp));
	write_line(o, to);
}

void report_jsonl_interval(const struct result *r, const struct result_scope *interval, FILE *to)
{
	json_t *o = line("interval", r);

	json_value_set(o, "total", report_json_scope(interval));
	write_line(o, to);
}

void report_jsonl_finish(const struct result *const *results, size_t n, FILE *to)
{
	for (size_t i = 0; i < n; i++) {
		json_t *o = line("summary", results[i]);

		add_members(o, report_json_document(results[i]));
		write_line(o, to);
	}
}
