/* SPDX-License-Identifier: MIT */
/* Delays as a person reads them. */
#include "echoprobe/text_delays.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/attr.h"
#include "echoprobe/figures.h"
#include "echoprobe/text_value.h"
#include "echoprobe/units.h"

#define NAME_WIDTH 6   /* of a row's indented name          */
#define NAMES_WIDTH 12 /* where there is a row a direction  */
#define WIDTH 9        /* of a number                       */
#define BARS_N 16      /* between the least time and p99       */
#define BAR_WIDTH 37
#define FINE_NS 10000   /* bars narrower than this have a decimal more */
#define BARS_LEAST_N 20 /* answers that make a picture          */

/* --- tables ----------------------------------------------------------------------------------------------------------- */

static struct result_value value(enum figure figure, const struct result *r)
{
	struct figure_value v = figures_get(figure, &r->total);

	return (struct result_value){ .known = v.known, .value = v.whole };
}

#define NUMBERS_N 8

static int name_width(const struct result *r)
{
	return r->directions ? NAMES_WIDTH : NAME_WIDTH;
}

/* A row: its name, then its numbers in milliseconds. */
static void write_row(const struct result *r, const char *name, const struct result_value ns[NUMBERS_N], FILE *to)
{
	char line[256];
	struct text t = TEXT_OVER(line);

	text_addf(&t, "  %-*s", name_width(r) - 2, name);
	for (size_t i = 0; i < NUMBERS_N; i++)
		text_value_ms(&t, ns[i], WIDTH);
	(void)fputs(t.at, to);
}

static void write_rtt(const struct result *r, FILE *to)
{
	const struct result_value ns[NUMBERS_N] = {
		value(FIGURE_rtt_ns_min, r), value(FIGURE_rtt_ns_mean, r),   value(FIGURE_rtt_ns_p50, r),
		value(FIGURE_rtt_ns_p90, r), value(FIGURE_rtt_ns_p99, r),    value(FIGURE_rtt_ns_p999, r),
		value(FIGURE_rtt_ns_max, r), value(FIGURE_rtt_ns_stddev, r),
	};

	(void)fprintf(to, "%*s      min     mean      p50      p90      p99    p99.9      max   stddev   ms\n",
		      name_width(r), "");
	write_row(r, "rtt", ns, to);
	if (r->stamp && r->stamp->remote_p50_ns.known)
		(void)fprintf(to, "   (%.3f in the reflector, taken out)", (double)r->stamp->remote_p50_ns.value / 1e6);
	(void)fputc('\n', to);
}

static void write_jitter(const struct result *r, FILE *to)
{
	struct result_value pdv = value(FIGURE_variation_ns_pdv_p99, r);

	if (!value(FIGURE_variation_ns_rfc3550, r).known)
		return;
	(void)fprintf(to, "  jitter %.3f (RFC 3550; mean %.3f, max %.3f)",
		      (double)value(FIGURE_variation_ns_rfc3550, r).value / 1e6,
		      (double)value(FIGURE_variation_ns_rfc3550_mean, r).value / 1e6,
		      (double)value(FIGURE_variation_ns_rfc3550_max, r).value / 1e6);
	if (pdv.known)
		(void)fprintf(to, "; 99 %% within %.3f of the minimum (PDV)", (double)pdv.value / 1e6);
	(void)fputc('\n', to);
}

/* --- the histogram ---------------------------------------------------------------------------------------------------- */

struct bars {
	uint64_t n[BARS_N], above, most;
	int64_t low_ns, width_ns;
};

static void sort_into_bars(const struct histogram *h, int64_t p99_ns, struct bars *ret)
{
	*ret = (struct bars){ .low_ns = h->min_ns, .width_ns = (p99_ns - h->min_ns) / BARS_N + 1 };
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		int64_t middle_ns = (histogram_low_ns(i) + histogram_high_ns(i)) / 2;
		int64_t at = middle_ns < ret->low_ns ? 0 : (middle_ns - ret->low_ns) / ret->width_ns;

		if (at >= BARS_N)
			ret->above += h->bucket[i];
		else
			ret->n[at] += h->bucket[i];
	}
	for (size_t i = 0; i < BARS_N; i++)
		if (ret->n[i] > ret->most)
			ret->most = ret->n[i];
}

/* Bars that are empty are left out, so a bar's first number is read, not its place. */
static void write_histogram(const struct result *r, FILE *to)
{
	static const char full[] = "#####################################";
	const struct histogram *h = &r->total.tally->rtt;
	struct result_value p99 = value(FIGURE_rtt_ns_p99, r);
	struct bars bars;
	size_t last = 0;
	int decimals;

	_Static_assert(sizeof(full) == BAR_WIDTH + 1, "a bar of all");
	if (h->n < BARS_LEAST_N)
		return;
	sort_into_bars(h, p99.known ? p99.value : h->max_ns, &bars);
	decimals = bars.width_ns < FINE_NS ? 3 : 2;
	for (size_t i = 0; i < BARS_N; i++)
		if (bars.n[i])
			last = i;
	(void)fputc('\n', to);
	for (size_t i = 0; i <= last; i++) {
		int width = (int)((bars.n[i] * BAR_WIDTH + bars.most - 1) / (bars.most ? bars.most : 1));

		if (bars.n[i] == 0)
			continue;
		(void)fprintf(to, "  %6.*f |%-*.*s %10" PRIu64, decimals,
			      (double)(bars.low_ns + (int64_t)i * bars.width_ns) / 1e6, BAR_WIDTH, width, full, bars.n[i]);
		if (i == last && bars.above)
			(void)fprintf(to, "   (%" PRIu64 " more up to %.*f)", bars.above, decimals, (double)h->max_ns / 1e6);
		(void)fputc('\n', to);
	}
}

/* --- directions ------------------------------------------------------------------------------------------------------- */

static void add_number(struct text *t, struct result_value v, int width)
{
	if (v.known)
		text_addf(t, "%*" PRId64, width, v.value);
	else
		text_addf(t, "%*s", width, "-");
}

/* "46 -> 0", with all that were seen. */
static void add_marks(struct text *t, const struct result_direction *d)
{
	char line[256];
	struct text dscp = TEXT_OVER(line);

	add_number(&dscp, d->dscp_sent, 0);
	text_add(&dscp, " ->");
	for (unsigned i = 0; i < 64; i++)
		if (d->dscp_seen >> i & 1)
			text_addf(&dscp, " %u", i);
	if (d->dscp_seen == 0)
		text_add(&dscp, " -");
	text_addf(t, "   %-11s %s ->", dscp.at, d->ecn_sent.known ? units_ecn_name((uint8_t)d->ecn_sent.value) : "-");
	for (uint8_t i = 0; i < 4; i++)
		if (d->ecn_seen >> i & 1)
			text_addf(t, " %s", units_ecn_name(i));
	if (!d->ecn_seen)
		text_add(t, " -");
}

static void write_direction(const char *name, const struct result_direction *d, FILE *to)
{
	char line[512];
	struct text t = TEXT_OVER(line);

	text_addf(&t, "  %-12s", name);
	add_number(&t, d->lost, 6);
	add_number(&t, d->duplicated, 13);
	add_number(&t, d->reordered, 12);
	add_number(&t, d->hops, 7);
	add_marks(&t, d);
	(void)fprintf(to, "%s\n", t.at);
}

void text_delays_directions(const struct result_directions *d, FILE *to)
{
	(void)fputs("                lost   duplicated   reordered   hops   DSCP        ECN\n", to);
	write_direction("forward", &d->forward, to);
	write_direction("backward", &d->backward, to);
	if (d->unknown_lost.known && d->unknown_lost.value > 0)
		(void)fprintf(to, "  %-12s%6" PRId64 "   (%s)\n", "unknown", d->unknown_lost.value,
			      d->forward.lost.known ? "behind the last one answered"
						    : "the reflector does not number its answers");
}

/* A direction's delay is one number only where what is not known of it is small beside the path's own delay. */
static bool is_one_number(const struct result *r, const struct result_direction *d)
{
	struct result_value rtt = value(FIGURE_rtt_ns_min, r);

	return d->delay_ns.min.known && d->bound_ns.known && rtt.known && d->bound_ns.value <= rtt.value / 4;
}

static void write_delay(const char *name, const struct result *r, const struct result_direction *d, FILE *to)
{
	const struct result_value none = { 0 };
	const struct result_delays *v = &d->delay_ns, *above = &d->pdv_ns;
	const struct result_value ns[NUMBERS_N] = { v->min, v->mean, v->p50, v->p90, v->p99, none, v->max, none };
	char line[256];
	struct text t = TEXT_OVER(line);

	if (is_one_number(r, d)) {
		write_row(r, name, ns, to);
		text_value_duration(&t, d->bound_ns.value);
		(void)fprintf(to, "   +/- %s\n", t.at);
		return;
	}
	if (!v->min.known || !d->bound_ns.known)
		return;
	int64_t low_ns = v->min.value - d->bound_ns.value;
	(void)fprintf(to, "  %-9s between %.3f and %.3f at its least", name, (double)(low_ns > 0 ? low_ns : 0) / 1e6,
		      (double)(v->min.value + d->bound_ns.value) / 1e6);
	if (above->p50.known) {
		text_add(&t, "; above that p50");
		text_value_ms(&t, above->p50, 6);
		text_add(&t, ", p99");
		text_value_ms(&t, above->p99, above->p99.known ? 6 : 2);
		text_add(&t, ", max");
		text_value_ms(&t, above->max, 6);
	}
	(void)fprintf(to, "%s\n", t.at);
}

static void add_clock_state(struct text *t, const char *where, const struct result_clock_state *s)
{
	text_addf(t, "%s %s", where, s->synchronised ? "synchronised" : "not synchronised");
	if (s->synchronised && s->error_ns.known) {
		text_add(t, " to ");
		text_value_duration(t, s->error_ns.value);
	}
}

static void write_clock(const struct result *r, FILE *to)
{
	const struct result_clock *c = &r->stamp->clock;
	char line[512];
	struct text t = TEXT_OVER(line);

	add_clock_state(&t, "here", &c->here);
	add_clock_state(&t, ", there", &c->there);
	if (c->offset_ns.known && c->bound_ns.known) {
		text_add(&t, "; theirs is ");
		text_value_duration(&t, llabs(c->offset_ns.value));
		text_add(&t, c->offset_ns.value < 0 ? " behind, +/- " : " ahead, +/- ");
		text_value_duration(&t, c->bound_ns.value);
	}
	if (r->directions && !is_one_number(r, &r->directions->forward) && value(FIGURE_rtt_ns_min, r).known)
		text_addf(&t, "; the split of the %.3f ms cannot be known", (double)value(FIGURE_rtt_ns_min, r).value / 1e6);
	(void)fprintf(to, "  clocks: %s\n", t.at);
}

/* --- all -------------------------------------------------------------------------------------------------------------- */

void text_delays_write(const struct result *r, FILE *to)
{
	if (!value(FIGURE_rtt_ns_min, r).known)
		return;
	write_rtt(r, to);
	if (r->directions) {
		write_delay("forward", r, &r->directions->forward, to);
		write_delay("backward", r, &r->directions->backward, to);
	}
	if (r->stamp)
		write_clock(r, to);
	if (!r->tcp)
		write_jitter(r, to);
	if (!r->tcp && !r->directions)
		write_histogram(r, to);
	if (!r->tcp)
		(void)fputc('\n', to);
}

void text_delays_lateness(const struct result *r, FILE *to)
{
	const struct histogram *h = r->host.lateness;
	uint64_t skipped = r->total.tally->packets.skipped;
	int64_t p50 = 0, p99 = 0;

	if (h && histogram_percentile(h, 500, &p50)) {
		(void)fprintf(to, " Sending was %.2f ms late at p50", (double)p50 / 1e6);
		if (histogram_percentile(h, 990, &p99))
			(void)fprintf(to, ", %.2f at p99", (double)p99 / 1e6);
		if (skipped)
			(void)fprintf(to, "; %" PRIu64 " slot%s skipped.", skipped, skipped == 1 ? "" : "s");
		else
			(void)fputs("; no slot skipped.", to);
	}
	(void)fputc('\n', to);
}
