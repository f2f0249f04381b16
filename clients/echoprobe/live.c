/* SPDX-License-Identifier: MIT */
/* The line that a run shows of itself. */
#include "echoprobe/live.h"

#include <inttypes.h>
#include <string.h>

#include "base/attr.h"
#include "base/clock.h"
#include "echoprobe/figures.h"
#include "echoprobe/probe.h"
#include "echoprobe/text_value.h"

void live_packet(struct live *l, const struct result_packet *p)
{
	if (p->fate != RESULT_LOST && !p->rtt_ns.known)
		return;
	if (l->n == LIVE_MARKS) {
		memmove(l->rtts_ns, l->rtts_ns + 1, (LIVE_MARKS - 1) * sizeof(l->rtts_ns[0]));
		l->n--;
	}
	l->rtts_ns[l->n++] = p->fate == RESULT_LOST ? -1 : p->rtt_ns.value;
}

/* A mark a packet: how high between the run's least and largest time, or that it was lost. */
static void add_marks(const struct live *l, const struct histogram *rtt, struct text *t)
{
	static const char levels[] = { '_', '.', '-', '|' };

	text_add(t, "  ");
	for (size_t i = 0; i < l->n; i++) {
		int64_t over_ns = l->rtts_ns[i] - rtt->min_ns, range_ns = rtt->max_ns - rtt->min_ns + 1;
		int64_t level = over_ns < 0 ? 0 : over_ns / (range_ns / (int64_t)array_n(levels) + 1);

		if (level >= (int64_t)array_n(levels))
			level = array_n(levels) - 1;
		text_addf(t, "%c", l->rtts_ns[i] < 0 ? 'x' : levels[level]);
	}
}

static void add_rtt(const struct result *r, struct text *t)
{
	text_add(t, "   rtt ");
	text_value_duration(t, figures_get(FIGURE_rtt_ns_p50, &r->total).whole);
	text_add(t, " (");
	text_value_duration(t, figures_get(FIGURE_rtt_ns_min, &r->total).whole);
	text_add(t, " - ");
	text_value_duration(t, figures_get(FIGURE_rtt_ns_max, &r->total).whole);
	text_add(t, ")");
}

void live_line(const struct live *l, const struct result *r, struct text *t)
{
	static const char *const transports[] = { [PLAN_UDP] = "udp", [PLAN_TCP] = "tcp", [PLAN_UNIX] = "unix" };
	const struct tally_packets *p = &r->total.tally->packets;
	uint64_t lost = tally_lost(r->total.tally), settled = p->received + lost;

	text_addf(t, "%s/%s ", r->plan->probe->name, transports[r->plan->transport]);
	addr_add_text_port(t, &r->target.addr);
	text_addf(t, "   %.1f s   %" PRIu64 " sent", (double)r->duration_ns / (double)CLOCK_S_NS, p->sent);
	if (r->total.answers == RESULT_SILENT)
		return;
	text_addf(t, "  %" PRIu64 " back  %" PRIu64 " lost", p->received, lost);
	if (p->sent > settled)
		text_addf(t, "  %" PRIu64 " under way", p->sent - settled);
	if (figures_get(FIGURE_rtt_ns_p50, &r->total).known)
		add_rtt(r, t);
	if (l->n > 0)
		add_marks(l, &r->total.tally->rtt, t);
}
