/* SPDX-License-Identifier: MIT */
/* The metrics of runs. */
#include "echoprobe/report_metrics.h"

#include <inttypes.h>
#include <string.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/text.h"
#include "echoprobe/figures.h"
#include "echoprobe/probe.h"

#define LABEL_MAX 1024
#define BOUNDS_N 20
#define BOUND_NS INT64_C(50000) /* the first; each next one is twice as large: those of smokeping_prober */

/* A page being written. */
struct page {
	const struct result *const *results;
	size_t n;
	enum report_metrics_format format;
	FILE *to;
};

#define EACH_RESULT(p, r)                                                                                                   \
	for (const struct result *const *r##_at = (p)->results, *r; r##_at < (p)->results + (p)->n && (r = *r##_at, true);  \
	     r##_at++)

/* A counter's family is named without the ending of its samples in OpenMetrics, and with it before. */
static void family(const struct page *p, const char *name, const char *type, const char *help)
{
	const char *end = strcmp(type, "counter") == 0 && p->format == REPORT_METRICS_IN_TEXT ? "_total" : "";

	(void)fprintf(p->to, "# HELP echoprobe_%s%s %s\n# TYPE echoprobe_%s%s %s\n", name, end, help, name, end, type);
}

/* --- samples ---------------------------------------------------------------------------------------------------------- */

/* A label's value: what is not printable ASCII goes out escaped, then what would end it. */
static void write_escaped(const char *s, FILE *to)
{
	char storage[LABEL_MAX];
	struct text t = TEXT_OVER(storage);

	text_add_printable(&t, s, strlen(s));
	for (const char *c = t.at; *c; c++) {
		if (*c == '"' || *c == '\\')
			(void)fputc('\\', to);
		(void)fputc(*c, to);
	}
}

/* The labels of a sample. */
struct sample {
	const struct result *r;
	const struct result_scope *flow; /* NULL: the whole */
	const char *label, *value;       /* one more; NULL: none */
};

/* The name and the labels, up to the closing brace. */
static void open_sample(const struct page *p, const char *name, const char *end, const struct sample *s)
{
	(void)fprintf(p->to, "echoprobe_%s%s{target=\"", name, end);
	write_escaped(s->r->target.name, p->to);
	(void)fprintf(p->to, "\",test=\"%s\"", s->r->plan->probe->name);
	if (s->flow)
		(void)fprintf(p->to, ",flow=\"%zu\"", (size_t)(s->flow - s->r->flows));
	if (s->label)
		(void)fprintf(p->to, ",%s=\"%s\"", s->label, s->value);
}

static void write_whole(const struct page *p, const char *name, const struct sample *s, int64_t v)
{
	open_sample(p, name, "", s);
	(void)fprintf(p->to, "} %" PRId64 "\n", v);
}

static void write_seconds(const struct page *p, const char *name, const struct sample *s, struct result_value ns)
{
	if (!ns.known)
		return;
	open_sample(p, name, "", s);
	(void)fprintf(p->to, "} %.9f\n", (double)ns.value / (double)CLOCK_S_NS);
}

static void write_known(const struct page *p, const char *name, const struct sample *s, struct result_value v)
{
	if (v.known)
		write_whole(p, name, s, v.value);
}

/* --- counters --------------------------------------------------------------------------------------------------------- */

static const struct figure_family {
	const char *name, *help;
	enum figure figure;
} counters[] = {
	{ "packets_sent", "Packets sent.", FIGURE_packets_sent },
	{ "packets_received", "Packets answered, late ones among them.", FIGURE_packets_received },
	{ "packets_late", "Packets answered after the time-out.", FIGURE_packets_late },
	{ "packets_corrupted", "Answers of the same length with other octets.", FIGURE_packets_corrupted },
	{ "packets_truncated", "Answers that were shorter.", FIGURE_packets_truncated },
	{ "packets_other_address", "Answers from another address or port.", FIGURE_packets_other_address },
	{ "packets_send_failed", "Packets that this host did not send.", FIGURE_packets_send_failed },
	{ "slots_skipped", "Slots of the schedule that passed without a packet.", FIGURE_packets_skipped },
};

static void write_figure(const struct page *p, const char *name, const struct sample *s, enum figure figure)
{
	struct figure_value v = figures_get(figure, s->flow ? s->flow : &s->r->total);

	if (!v.known)
		return;
	/* An answer may still come to what is lost in a run that goes on, and a counter must not fall. */
	if (figure == FIGURE_packets_lost && s->r->ended_by == RESULT_RUNNING)
		v.whole = (int64_t)(s->flow ? s->flow : &s->r->total)->tally->packets.timed_out;
	open_sample(p, name, "_total", s);
	(void)fprintf(p->to, "} %" PRId64 "\n", v.whole);
}

/* Of each flow, where there are several, or of the whole. */
static void write_figures(const struct page *p, const struct result *r, const struct figure_family *f, const char *direction)
{
	struct sample s = { .r = r, .label = direction ? "direction" : NULL, .value = direction };

	for (size_t i = 0; i < r->flows_n; i++) {
		s.flow = &r->flows[i];
		write_figure(p, f->name, &s, f->figure);
	}
	if (r->flows_n == 0)
		write_figure(p, f->name, &s, f->figure);
}

static void write_counters(const struct page *p)
{
	for (size_t i = 0; i < array_n(counters); i++) {
		family(p, counters[i].name, "counter", counters[i].help);
		EACH_RESULT(p, r)
		write_figures(p, r, &counters[i], NULL);
	}
}

/* The words of a direction about a figure. */
struct directed_family {
	struct figure_family family;
	size_t offset;   /* of its struct result_value in struct result_direction */
	bool is_settled; /* never told otherwise later                           */
};

static const struct directed_family directed[] = {
	{ { "packets_lost", "Packets without an answer when the time-out had passed.", FIGURE_packets_lost },
	  offsetof(struct result_direction, lost),
	  false },
	{ { "packets_duplicated", "Further copies of answers.", FIGURE_packets_duplicated },
	  offsetof(struct result_direction, duplicated),
	  true },
	{ { "packets_reordered", "Packets that were overtaken.", FIGURE_packets_reordered },
	  offsetof(struct result_direction, reordered),
	  true },
};

static struct result_value of_direction(const struct result_direction *d, size_t offset)
{
	struct result_value v;

	memcpy(&v, (const char *)d + offset, sizeof(v));
	return v;
}

static void write_direction(const struct page *p, const struct result *r, const struct directed_family *f, const char *name)
{
	struct sample s = { .r = r, .label = "direction", .value = name };
	const struct result_direction *d = *name == 'f' ? &r->directions->forward : &r->directions->backward;
	struct result_value v = of_direction(d, f->offset);

	if (!v.known)
		return;
	open_sample(p, f->family.name, "_total", &s);
	(void)fprintf(p->to, "} %" PRId64 "\n", v.value);
}

/* In a run that goes on, where a packet was lost is known only when a later one is answered: it is unknown until the end. */
static bool is_split(const struct result *r, const struct directed_family *f)
{
	return r->directions && r->flows_n == 0 && of_direction(&r->directions->forward, f->offset).known &&
	       (f->is_settled || r->ended_by != RESULT_RUNNING);
}

static void write_directed(const struct page *p)
{
	for (size_t i = 0; i < array_n(directed); i++) {
		const struct directed_family *f = &directed[i];

		family(p, f->family.name, "counter", f->family.help);
		EACH_RESULT(p, r)
		{
			struct sample unknown = { .r = r, .label = "direction", .value = "unknown" };

			if (!is_split(r, f)) {
				write_figures(p, r, &f->family, "unknown");
				continue;
			}
			write_direction(p, r, f, "forward");
			write_direction(p, r, f, "backward");
			if (!f->is_settled)
				write_known(p, "packets_lost_total", &unknown, r->directions->unknown_lost);
		}
	}
}

static void write_icmp(const struct page *p)
{
	family(p, "icmp_errors", "counter", "ICMP errors, by what they say.");
	EACH_RESULT(p, r)
	{
		for (size_t i = 0; i < r->icmp_n; i++) {
			struct sample s = { .r = r, .label = "kind", .value = result_icmp_name(&r->icmp[i]) };
			uint64_t n = 0;

			bool is_first = true;
			for (size_t k = 0; k < r->icmp_n; k++) {
				bool same = strcmp(result_icmp_name(&r->icmp[k]), s.value) == 0;
				is_first = is_first && !(same && k < i);
				n += same ? r->icmp[k].count : 0;
			}
			if (is_first)
				write_whole(p, "icmp_errors_total", &s, (int64_t)n);
		}
	}
	family(p, "host_drops", "counter", "Answers that this host dropped, because the socket's buffer was full.");
	EACH_RESULT(p, r)
	write_known(p, "host_drops_total", &(struct sample){ .r = r }, r->host.dropped_in_socket);
}

/* --- histograms -------------------------------------------------------------------------------------------------------- */

/* A bucket that reaches beyond a bound counts beyond it. */
static void write_histogram(const struct page *p, const char *name, const struct sample *s, const struct histogram *h)
{
	unsigned bucket = 0;
	uint64_t n = 0;
	double sum_ns = 0;

	for (unsigned i = 0; i < BOUNDS_N; i++) {
		int64_t bound_ns = BOUND_NS << i;

		for (; bucket < HISTOGRAM_BUCKETS && histogram_high_ns(bucket) <= bound_ns; bucket++)
			n += h->bucket[bucket];
		open_sample(p, name, "_bucket", s);
		(void)fprintf(p->to, ",le=\"%g\"} %" PRIu64 "\n", (double)bound_ns / (double)CLOCK_S_NS, n);
	}
	open_sample(p, name, "_bucket", s);
	(void)fprintf(p->to, ",le=\"+Inf\"} %" PRIu64 "\n", h->n);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		sum_ns += (double)h->bucket[i] * (double)(histogram_low_ns(i) + histogram_high_ns(i)) / 2;
	open_sample(p, name, "_sum", s);
	(void)fprintf(p->to, "} %.9f\n", sum_ns / (double)CLOCK_S_NS);
	open_sample(p, name, "_count", s);
	(void)fprintf(p->to, "} %" PRIu64 "\n", h->n);
}

static void write_rtt(const struct page *p)
{
	family(p, "rtt_seconds", "histogram", "Round-trip times; of stamp without the time in the reflector.");
	EACH_RESULT(p, r)
	{
		for (size_t i = 0; i < r->flows_n; i++)
			write_histogram(p, "rtt_seconds", &(struct sample){ .r = r, .flow = &r->flows[i] },
					&r->flows[i].tally->rtt);
		if (r->flows_n == 0)
			write_histogram(p, "rtt_seconds", &(struct sample){ .r = r }, &r->total.tally->rtt);
	}
}

static void write_variation(const struct page *p)
{
	family(p, "delay_variation_seconds", "histogram",
	       "How much the delay differs from the packet before (IPDV of RFC 5481), without its sign.");
	EACH_RESULT(p, r)
	{
		struct sample s = { .r = r, .label = "direction", .value = "round_trip" };

		write_histogram(p, "delay_variation_seconds", &s, &r->total.tally->ipdv_abs);
		s.value = "forward";
		if (r->directions && r->directions->forward.ipdv_abs)
			write_histogram(p, "delay_variation_seconds", &s, r->directions->forward.ipdv_abs);
		s.value = "backward";
		if (r->directions && r->directions->backward.ipdv_abs)
			write_histogram(p, "delay_variation_seconds", &s, r->directions->backward.ipdv_abs);
	}
}

static void write_lateness(const struct page *p)
{
	family(p, "lateness_seconds", "histogram", "How much later than by the schedule packets were sent.");
	EACH_RESULT(p, r)
	if (r->host.lateness)
		write_histogram(p, "lateness_seconds", &(struct sample){ .r = r }, r->host.lateness);
}

/* --- gauges ----------------------------------------------------------------------------------------------------------- */

/* Answers come: in a run that goes on, one came within the time that a packet may take, twice. */
static bool is_up(const struct result *r)
{
	if (r->ended_by != RESULT_RUNNING)
		return r->total.tally->packets.received > 0;
	return r->silent_ns.known && (uint64_t)r->silent_ns.value <= 2 * (r->plan->timeout_ns + r->plan->interval_ns);
}

static void write_both(const struct page *p, const char *name, const struct result *r, struct result_value forward,
		       struct result_value backward)
{
	write_known(p, name, &(struct sample){ .r = r, .label = "direction", .value = "forward" }, forward);
	write_known(p, name, &(struct sample){ .r = r, .label = "direction", .value = "backward" }, backward);
}

static void write_clock(const struct page *p)
{
	family(p, "clock_offset_seconds", "gauge", "Their clock minus ours: the middle of what is possible.");
	EACH_RESULT(p, r)
	write_seconds(p, "clock_offset_seconds", &(struct sample){ .r = r },
		      r->stamp  ? r->stamp->clock.offset_ns
		      : r->time ? r->time->offset_ns
				: (struct result_value){ 0 });
	family(p, "clock_offset_bound_seconds", "gauge", "The truth is at most so far from echoprobe_clock_offset_seconds.");
	EACH_RESULT(p, r)
	write_seconds(p, "clock_offset_bound_seconds", &(struct sample){ .r = r },
		      r->stamp  ? r->stamp->clock.bound_ns
		      : r->time ? r->time->bound_ns
				: (struct result_value){ 0 });
}

static void write_gauges(const struct page *p)
{
	family(p, "up", "gauge", "1 where answers come.");
	EACH_RESULT(p, r)
	if (r->total.answers == RESULT_ANSWERED)
		write_whole(p, "up", &(struct sample){ .r = r }, is_up(r));
	family(p, "hops", "gauge", "Routers on the way, by the TTL of what arrived.");
	EACH_RESULT(p, r)
	if (r->directions)
		write_both(p, "hops", r, r->directions->forward.hops, r->directions->backward.hops);
	write_clock(p);
	family(p, "path_mtu_bytes", "gauge", "The path MTU.");
	EACH_RESULT(p, r)
	if (r->mtu)
		write_both(p, "path_mtu_bytes", r, r->mtu->forward_bytes, r->mtu->backward_bytes);
	family(p, "timestamps_info", "gauge", "What stamped packets when they were sent and received.");
	EACH_RESULT(p, r)
	{
		const char *send = result_stamper_name(r->host.send), *receive = result_stamper_name(r->host.receive);

		open_sample(p, "timestamps_info", "", &(struct sample){ .r = r });
		(void)fprintf(p->to, ",send=\"%s\",receive=\"%s\"} 1\n", send ? send : "", receive ? receive : "");
	}
	family(p, "build_info", "gauge", "The version that runs.");
	(void)fputs("echoprobe_build_info{version=\"" PACKAGE_VERSION "\"} 1\n", p->to);
}

void report_metrics_write(const struct result *const *results, size_t n, enum report_metrics_format format, FILE *to)
{
	const struct page p = { .results = results, .n = n, .format = format, .to = to };

	write_gauges(&p);
	write_counters(&p);
	write_directed(&p);
	write_icmp(&p);
	write_rtt(&p);
	write_variation(&p);
	write_lateness(&p);
	if (format == REPORT_METRICS_IN_OPENMETRICS)
		(void)fputs("# EOF\n", to);
}

void report_metrics_finish(const struct result *const *results, size_t n, FILE *to)
{
	report_metrics_write(results, n, REPORT_METRICS_IN_OPENMETRICS, to);
}
