/* SPDX-License-Identifier: MIT */
/* One line for Nagios, Icinga and their kin. */
#include "echoprobe/report_nagios.h"

#include <ctype.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/text.h"
#include "echoprobe/figures.h"
#include "echoprobe/probe.h"
#include "echoprobe/verdict.h"

#define MS_NS 1e6
#define PERCENT_PPM 1e4

static void write_name(const struct plan *plan, enum verdict v, FILE *to)
{
	for (const char *c = plan->probe->name; *c; c++)
		(void)fputc(toupper((unsigned char)*c), to);
	(void)fprintf(to, " %s - ", verdict_name(v));
}

static void write_title(const struct result *r, FILE *to)
{
	static const char *const transports[] = { [PLAN_UDP] = "udp", [PLAN_TCP] = "tcp", [PLAN_UNIX] = "unix" };
	char storage[ADDR_TEXT_MAX];
	struct text where = TEXT_OVER(storage);

	write_name(r->plan, verdict_of(r), to);
	addr_add_text_port(&where, &r->target.addr);
	(void)fprintf(to, "%s %s", where.at, transports[r->plan->transport]);
}

/* Nothing is said of what did not happen. */
static void write_count(const struct result *r, enum figure figure, FILE *to)
{
	struct figure_value v = figures_get(figure, &r->total);

	if (v.known && v.whole > 0)
		(void)fprintf(to, ", %s %" PRId64, figures[figure].name, v.whole);
}

static void write_sentence(const struct result *r, FILE *to)
{
	struct figure_value rtt = figures_get(FIGURE_rtt_ns_mean, &r->total);

	if (r->total.answers == RESULT_SILENT) {
		(void)fprintf(to, ", sent %" PRId64, figures_get(FIGURE_packets_sent, &r->total).whole);
		for (size_t i = 0; i < r->icmp_n; i++)
			(void)fprintf(to, ", %s %" PRIu64, result_icmp_name(&r->icmp[i]), r->icmp[i].count);
	} else {
		if (rtt.known)
			(void)fprintf(to, ", rta %.3f ms", (double)rtt.whole / MS_NS);
		(void)fprintf(to, ", lost %" PRId64 " of %" PRId64, figures_get(FIGURE_packets_lost, &r->total).whole,
			      figures_get(FIGURE_packets_sent, &r->total).whole);
	}
	write_count(r, FIGURE_packets_late, to);
	write_count(r, FIGURE_packets_corrupted, to);
	write_count(r, FIGURE_packets_truncated, to);
	write_count(r, FIGURE_packets_lengthened, to);
	write_count(r, FIGURE_packets_send_failed, to);
}

/* U: not known, as the plug-in guidelines have it. */
static void write_time(const char *label, struct figure_value v, FILE *to)
{
	if (v.known)
		(void)fprintf(to, "%s=%.3fms;", label, (double)v.whole / MS_NS);
	else
		(void)fprintf(to, "%s=U;", label);
}

static void write_limits(const struct plan *p, FILE *to)
{
	if (p->warning.said)
		(void)fprintf(to, "%.3f", (double)p->warning.rtt_ns / MS_NS);
	(void)fputc(';', to);
	if (p->critical.said)
		(void)fprintf(to, "%.3f", (double)p->critical.rtt_ns / MS_NS);
	(void)fputs(";0; ", to);
}

static void write_loss(const struct result *r, FILE *to)
{
	const struct plan *p = r->plan;
	struct figure_value missed = figures_missed(&r->total);

	if (missed.known)
		(void)fprintf(to, "pl=%g%%;", missed.ratio * 100);
	else
		(void)fputs("pl=U;", to);
	if (p->warning.said)
		(void)fprintf(to, "%g", (double)p->warning.loss_ppm / PERCENT_PPM);
	(void)fputc(';', to);
	if (p->critical.said)
		(void)fprintf(to, "%g", (double)p->critical.loss_ppm / PERCENT_PPM);
	(void)fputs(";0;100 ", to);
}

static void write_mtu_of(const char *direction, struct result_value bytes, FILE *to)
{
	(void)fprintf(to, " mtu_%s=", direction);
	if (bytes.known)
		(void)fprintf(to, "%" PRId64 "B;;;;", bytes.value);
	else
		(void)fputs("U;;;;", to);
}

static void write_found(const char *direction, struct result_value bytes, FILE *to)
{
	if (bytes.known)
		(void)fprintf(to, ", %s %" PRId64, direction, bytes.value);
	else
		(void)fprintf(to, ", %s not found", direction);
}

static void write_line(const struct result *r, FILE *to)
{
	struct figure_value late = figures_get(FIGURE_packets_late, &r->total);

	write_title(r, to);
	write_sentence(r, to);
	if (r->mtu) {
		write_found("forward", r->mtu->forward_bytes, to);
		write_found("backward", r->mtu->backward_bytes, to);
	}
	(void)fputc('|', to);
	write_time("rta", figures_get(FIGURE_rtt_ns_mean, &r->total), to);
	write_limits(r->plan, to);
	write_loss(r, to);
	write_time("rtmin", figures_get(FIGURE_rtt_ns_min, &r->total), to);
	(void)fputs(";;; ", to);
	write_time("rtmax", figures_get(FIGURE_rtt_ns_max, &r->total), to);
	(void)fputs(";;; ", to);
	write_time("jitter", figures_get(FIGURE_variation_ns_rfc3550, &r->total), to);
	if (late.known)
		(void)fprintf(to, ";;; late=%" PRId64 ";;;;", late.whole);
	else
		(void)fputs(";;; late=U;;;;", to);
	if (r->mtu) {
		write_mtu_of("forward", r->mtu->forward_bytes, to);
		write_mtu_of("backward", r->mtu->backward_bytes, to);
	}
	(void)fputc('\n', to);
}

void report_nagios_finish(const struct result *const *results, size_t n, FILE *to)
{
	for (size_t i = 0; i < n; i++)
		write_line(results[i], to);
}

void report_nagios_failed(const struct plan *plan, const char *why, FILE *to)
{
	write_name(plan, VERDICT_UNKNOWN, to);
	(void)fprintf(to, "%s\n", why);
}

int report_nagios_status(const struct result *const *results, size_t n)
{
	enum verdict worst = n > 0 ? VERDICT_OK : VERDICT_UNKNOWN;

	for (size_t i = 0; i < n; i++)
		if (verdict_of(results[i]) > worst)
			worst = verdict_of(results[i]);
	return (int)worst;
}
