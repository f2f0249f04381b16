/* SPDX-License-Identifier: MIT */
/* Lines for a person, as the run goes on. */
#include "echoprobe/text_lines.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "echoprobe/figures.h"
#include "echoprobe/text_value.h"

#define LINE_MAX_BYTES 512

void text_lines_packet(const struct result *r, const struct result_packet *p, FILE *to)
{
	const char *fate = result_fate_name(p->fate);
	char line[LINE_MAX_BYTES];
	struct text t = TEXT_OVER(line);

	if (r->plan->words != PLAN_PACKETS)
		return;
	text_add_printable(&t, r->target.name, strlen(r->target.name));
	if (r->plan->flows > 1)
		text_addf(&t, " flow %" PRIu32, p->flow);
	text_addf(&t, " seq %" PRIu64 " %s", p->seq, fate ? fate : "not known");
	if (p->rtt_ns.known) {
		text_add(&t, " ");
		text_value_duration(&t, p->rtt_ns.value);
	}
	if (p->bytes.known)
		text_addf(&t, ", %" PRId64 " bytes", p->bytes.value);
	if (p->ttl.known)
		text_addf(&t, ", TTL %" PRId64, p->ttl.value);
	(void)fprintf(to, "%s\n", t.at);
	(void)fflush(to);
}

void text_lines_interval(const struct result *r, const struct result_scope *interval, FILE *to)
{
	struct figure_value p50 = figures_get(FIGURE_rtt_ns_p50, interval);
	char line[LINE_MAX_BYTES];
	struct text t = TEXT_OVER(line);

	text_addf(&t, "%7.1f s  ", (double)r->duration_ns / (double)CLOCK_S_NS);
	text_add_printable(&t, r->target.name, strlen(r->target.name));
	text_addf(&t, " sent %" PRId64, figures_get(FIGURE_packets_sent, interval).whole);
	if (interval->answers == RESULT_ANSWERED)
		text_addf(&t, ", back %" PRId64 ", lost %" PRId64, figures_get(FIGURE_packets_received, interval).whole,
			  figures_get(FIGURE_packets_lost, interval).whole);
	if (p50.known) {
		text_add(&t, ", rtt ");
		text_value_duration(&t, p50.whole);
		text_add(&t, " (");
		text_value_duration(&t, figures_get(FIGURE_rtt_ns_min, interval).whole);
		text_add(&t, " to ");
		text_value_duration(&t, figures_get(FIGURE_rtt_ns_max, interval).whole);
		text_add(&t, ")");
	}
	(void)fprintf(to, "%s\n", t.at);
	(void)fflush(to);
}
