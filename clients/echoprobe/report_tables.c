/* SPDX-License-Identifier: MIT */
/* Tables of the report for a person. */
#include "echoprobe/report_tables.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "echoprobe/contrast.h"
#include "echoprobe/figures.h"
#include "echoprobe/info_said.h"
#include "echoprobe/text_value.h"
#include "echoprobe/units.h"

#define LINE_MAX_BYTES 512

static int64_t count(const struct result_scope *s, enum figure figure)
{
	return figures_get(figure, s).whole;
}

static void add_ms(struct text *t, const struct result_scope *s, enum figure figure, int width)
{
	struct figure_value v = figures_get(figure, s);

	if (v.known)
		text_addf(t, "%*.2f", width, (double)v.whole / 1e6);
	else
		text_addf(t, "%*s", width, "-");
}

static double ms(int64_t ns)
{
	return (double)ns / 1e6;
}

/* --- flows ------------------------------------------------------------------------------------------------------------ */

static void add_flow(struct text *t, const struct result_scope *s)
{
	text_addf(t, "%8" PRId64 "%6" PRId64 "%7" PRId64, count(s, FIGURE_packets_sent), count(s, FIGURE_packets_lost),
		  count(s, FIGURE_packets_late));
	add_ms(t, s, FIGURE_rtt_ns_min, 8);
	add_ms(t, s, FIGURE_rtt_ns_p50, 8);
	add_ms(t, s, FIGURE_rtt_ns_p99, 8);
	add_ms(t, s, FIGURE_rtt_ns_max, 8);
}

static void add_contrast(struct text *t, const struct result *r, size_t flow)
{
	struct contrast c = contrast_of(r->flows, r->flows_n, flow);

	if (c.loss)
		text_add(t, "   <- loss unlike the others (p < 0.001)");
	if (!c.ttl && c.slower_ns == 0)
		return;
	text_add(t, "   <- another path: ");
	if (c.ttl)
		text_add(t, "TTL");
	if (c.ttl && c.slower_ns != 0)
		text_add(t, ", and ");
	if (c.slower_ns != 0)
		text_addf(t, "%.1f ms %s", ms(llabs(c.slower_ns)), c.slower_ns > 0 ? "more" : "less");
}

void report_tables_flows(const struct result *r, FILE *to)
{
	char line[LINE_MAX_BYTES];
	struct text t = TEXT_OVER(line);

	(void)fputs("  port      sent  lost   late     min     p50     p99     max  ms   TTL\n", to);
	for (size_t i = 0; i < r->flows_n; i++) {
		t.len = 0;
		text_addf(&t, "  %-6u", r->flows[i].port);
		add_flow(&t, &r->flows[i]);
		if (r->flows[i].ttl.known)
			text_addf(&t, "%10" PRId64, r->flows[i].ttl.value);
		else
			text_addf(&t, "%10s", "-");
		add_contrast(&t, r, i);
		(void)fprintf(to, "%s\n", t.at);
	}
	t.len = 0;
	text_add(&t, "  all   ");
	add_flow(&t, &r->total);
	(void)fprintf(to, "%s\n\n", t.at);
}

/* --- sizes ------------------------------------------------------------------------------------------------------------ */

static void write_link(const struct result *r, FILE *to)
{
	struct contrast_line line;

	if (!contrast_fit(r->sizes, r->sizes_n, &line))
		return;
	/* Each byte goes over the link twice. */
	(void)fprintf(to, "  minimum = %.2f ms + %.2g us a byte: about %.3g Mbit/s on the slowest link, there and back\n",
		      line.base_ns / 1e6, line.byte_ns / 1e3, 2 * 8 * 1e3 / line.byte_ns);
}

void report_tables_sweep(const struct result *r, FILE *to)
{
	(void)fputs("  size  sent lost    min    p50    p99  ms\n", to);
	for (size_t i = 0; i < r->sizes_n; i++) {
		const struct result_scope *s = &r->sizes[i];
		char line[LINE_MAX_BYTES];
		struct text t = TEXT_OVER(line);

		text_addf(&t, "%6" PRIu32 "%6" PRId64 "%5" PRId64, s->size_bytes, count(s, FIGURE_packets_sent),
			  count(s, FIGURE_packets_lost));
		add_ms(&t, s, FIGURE_rtt_ns_min, 7);
		add_ms(&t, s, FIGURE_rtt_ns_p50, 7);
		add_ms(&t, s, FIGURE_rtt_ns_p99, 7);
		(void)fprintf(to, "%s\n", t.at);
	}
	write_link(r, to);
	(void)fputc('\n', to);
}

/* --- path MTU --------------------------------------------------------------------------------------------------------- */

static void add_target(struct text *t, const struct result *r)
{
	text_add_printable(t, r->target.name, strlen(r->target.name));
	text_add(t, " (");
	addr_add_text(t, &r->target.addr);
	text_add(t, ")");
}

static void add_mtu(struct text *t, const char *name, struct result_value bytes)
{
	text_addf(t, "  %-9s ", name);
	if (bytes.known)
		text_addf(t, "%-6" PRId64, bytes.value);
	else
		text_addf(t, "%-6s", "-");
}

static void write_forward(const struct result_mtu *m, FILE *to)
{
	char line[LINE_MAX_BYTES];
	struct text t = TEXT_OVER(line);

	add_mtu(&t, "forward", m->forward_bytes);
	if (!m->forward_bytes.known)
		text_add(&t, " not found");
	else if (m->forward_by == RESULT_BY_ICMP && m->router)
		text_addf(&t, " %" PRId64 " does not pass; \"fragmentation needed, %" PRId64 "\" from %s",
			  m->forward_bytes.value + 1, m->forward_bytes.value, m->router);
	else if (m->blackhole_forward)
		text_addf(&t, " larger ones vanish without a word");
	else if (m->interface_bytes.known && m->forward_bytes.value >= m->interface_bytes.value)
		text_add(&t, " all that the interface takes passes");
	else
		text_addf(&t, " %" PRId64 " does not pass", m->forward_bytes.value + 1);
	(void)fprintf(to, "%s\n", t.at);
}

static void write_backward(const struct result_mtu *m, FILE *to)
{
	char line[LINE_MAX_BYTES];
	struct text t = TEXT_OVER(line);

	add_mtu(&t, "backward", m->backward_bytes);
	if (m->blackhole_backward && m->backward_bytes.known)
		text_addf(&t,
			  " answers over %" PRId64 " do not arrive: a small MTU without ICMP, or a filter against fragments",
			  m->backward_bytes.value);
	else if (!m->backward_bytes.known)
		text_add(&t, " not found");
	else if (m->backward_by == RESULT_BY_FRAGMENTS && m->backward_at_most_bytes.value > m->backward_bytes.value)
		text_addf(&t, " answers come in fragments (so %" PRId64 " to %" PRId64 ")", m->backward_bytes.value,
			  m->backward_at_most_bytes.value);
	else if (m->backward_by == RESULT_BY_FRAGMENTS && m->backward_at_most_bytes.known)
		text_add(&t, " larger answers come in fragments");
	else if (m->backward_by == RESULT_BY_FRAGMENTS)
		text_add(&t, " the largest that came in one piece");
	(void)fprintf(to, "%s\n", t.at);
}

void report_tables_mtu(const struct result *r, FILE *to)
{
	const struct result_mtu *m = r->mtu;
	char line[LINE_MAX_BYTES];
	struct text t = TEXT_OVER(line);

	add_target(&t, r);
	(void)fprintf(to, "path MTU to %s: echo on %u", t.at, r->target.addr.port);
	if (m->confirmer)
		(void)fprintf(to, ", the forward direction confirmed by %s", m->confirmer);
	(void)fputc('\n', to);
	if (m->interface_bytes.known)
		(void)fprintf(to, "  here      %-6" PRId64 " %s\n", m->interface_bytes.value,
			      m->interface ? m->interface : "");
	if (m->learnt_bytes.known && m->learnt_bytes.value + 1 < m->interface_bytes.value)
		(void)fprintf(to, "  learnt    %-6" PRId64 " by this host's kernel, of whoever told it\n",
			      m->learnt_bytes.value);
	write_forward(m, to);
	write_backward(m, to);
	if (m->payload_bytes.known)
		(void)fprintf(to, "  largest payload there and back in one piece: %" PRId64 " bytes\n",
			      m->payload_bytes.value);
}

/* --- info ------------------------------------------------------------------------------------------------------------- */

/* The packet that the server saw, beside the one that was sent. */
struct seen {
	struct info_said said;
	struct info_change changes[INFO_CHANGES_MAX];
	size_t n;
};

static const struct info_change *find_change(const struct seen *seen, enum info_member member)
{
	for (size_t i = 0; i < seen->n; i++)
		if (seen->changes[i].member == member)
			return &seen->changes[i];
	return NULL;
}

static void write_client(const struct result *r, const struct seen *seen, FILE *to)
{
	const struct info_said *said = &seen->said;
	char line[LINE_MAX_BYTES];
	struct text t = TEXT_OVER(line);

	if (said->client.family == AF_UNSPEC)
		return;
	text_add(&t, "  from      ");
	addr_add_text_port(&t, &said->client);
	if (find_change(seen, INFO_ADDRESS) || find_change(seen, INFO_PORT)) {
		text_add(&t, "   (we sent from ");
		addr_add_text_port(&t, &r->source.addr);
		text_add(&t, ": translated");
		if (r->info->addresses_n == 1 && r->info->datagrams > 1)
			text_addf(&t, "; the same port all %" PRIu64 " times", r->info->datagrams);
		else if (r->info->addresses_n > 1)
			text_addf(&t, "; %" PRIu64 " different ones", r->info->addresses_n);
		text_add(&t, ")");
	} else {
		text_add(&t, "   as sent");
	}
	(void)fprintf(to, "%s\n", t.at);
}

static void write_marks(const struct result *r, const struct seen *seen, FILE *to)
{
	const struct info_said *said = &seen->said;
	const struct info_change *dscp = find_change(seen, INFO_DSCP), *ecn = find_change(seen, INFO_ECN);

	if (said->ttl.known)
		(void)fprintf(to, "  TTL       %" PRId64 " of %u (%" PRId64 " hops)\n", said->ttl.value, r->plan->ttl,
			      (int64_t)r->plan->ttl - said->ttl.value);
	if (dscp)
		(void)fprintf(to, "  DSCP      %-5" PRId64 " we sent %" PRId64 ": %s on the way\n", dscp->seen, dscp->sent,
			      dscp->seen == 0 ? "cleared" : "changed");
	else if (said->dscp.known)
		(void)fprintf(to, "  DSCP      %-5" PRId64 " as sent\n", said->dscp.value);
	if (ecn)
		(void)fprintf(to, "  ECN       %-5s we sent %s: changed on the way\n", units_ecn_name((uint8_t)ecn->seen),
			      units_ecn_name((uint8_t)ecn->sent));
	else if (said->ecn.known)
		(void)fprintf(to, "  ECN       %-5s as sent\n", units_ecn_name((uint8_t)said->ecn.value));
}

static void write_pieces(const struct info_said *said, FILE *to)
{
	if (said->fragment_bytes.known)
		(void)fprintf(to, "  pieces    of %" PRId64 " bytes", said->fragment_bytes.value);
	else
		(void)fputs("  pieces    none", to);
	if (said->length.known)
		(void)fprintf(to, "  length %" PRId64, said->length.value);
	(void)fputc('\n', to);
}

void report_tables_info(const struct result *r, FILE *to)
{
	struct seen seen;
	char line[LINE_MAX_BYTES];
	struct text t = TEXT_OVER(line);

	text_add_printable(&t, r->target.name, strlen(r->target.name));
	(void)fprintf(to, "what %s saw (", t.at);
	t.len = 0;
	if (r->plan->transport == PLAN_UDP) {
		text_value_plural(&t, count(&r->total, FIGURE_packets_sent), "datagram", "datagrams");
		(void)fprintf(to, "%s of %" PRIu32 " bytes):\n", t.at, r->plan->size_bytes);
	} else {
		text_value_plural(&t, count(&r->total, FIGURE_packets_sent), "connection", "connections");
		(void)fprintf(to, "%s):\n", t.at);
	}
	if (count(&r->total, FIGURE_packets_lost) > 0)
		(void)fprintf(to, "  answered  %" PRId64 " of %" PRId64 "\n", count(&r->total, FIGURE_packets_received),
			      count(&r->total, FIGURE_packets_sent));
	if (info_said_read(r->info->json, &seen.said) < 0) {
		(void)fputs("  nothing that can be read\n", to);
		return;
	}
	seen.n = info_said_changes(r, &seen.said, seen.changes);
	write_client(r, &seen, to);
	write_marks(r, &seen, to);
	if (r->plan->transport == PLAN_UDP)
		write_pieces(&seen.said, to);
	if (seen.said.limited)
		(void)fputs(
			"  limited   the server answers us less than we ask: what is missing is its policy, not the path\n",
			to);
}
