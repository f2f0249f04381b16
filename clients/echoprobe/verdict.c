/* SPDX-License-Identifier: MIT */
/* Whether a result is good enough. */
#include "echoprobe/verdict.h"

#include "echoprobe/figures.h"

#define MILLION 1000000.0

static bool is_over(const struct result *r, const struct plan_limits *limits)
{
	struct figure_value rtt = figures_get(FIGURE_rtt_ns_mean, &r->total), missed = figures_missed(&r->total);

	if (!limits->said)
		return false;
	return (rtt.known && (uint64_t)rtt.whole > limits->rtt_ns) ||
	       (missed.known && missed.ratio * MILLION > (double)limits->loss_ppm);
}

static bool is_altered(const struct result *r)
{
	const struct tally_packets *p = &r->total.tally->packets;

	return p->corrupted + p->truncated + p->lengthened > 0;
}

static bool is_all_back(const struct result *r)
{
	struct figure_value missed = figures_missed(&r->total);

	return missed.known && missed.ratio <= 0 && r->total.tally->packets.send_failed == 0;
}

/* Of packets that nothing answers: an ICMP error says that one did not arrive, an answer that the server is another. */
static enum verdict verdict_silent(const struct result *r)
{
	if (r->icmp_n > 0)
		return VERDICT_CRITICAL;
	return is_altered(r) || r->total.tally->packets.send_failed > 0 ? VERDICT_WARNING : VERDICT_OK;
}

enum verdict verdict_of(const struct result *r)
{
	const struct tally_packets *p = &r->total.tally->packets;
	bool limited = r->plan->warning.said || r->plan->critical.said;

	if (p->sent == 0)
		return VERDICT_UNKNOWN;
	if (r->total.answers == RESULT_SILENT)
		return verdict_silent(r);
	if (r->mtu && p->received > 0)
		return r->mtu->forward_bytes.known && r->mtu->backward_bytes.known ? VERDICT_OK : VERDICT_WARNING;
	if (is_over(r, &r->plan->critical) || (!limited && p->received == 0))
		return VERDICT_CRITICAL;
	if (is_over(r, &r->plan->warning) || is_altered(r) || (!limited && !is_all_back(r)))
		return VERDICT_WARNING;
	return VERDICT_OK;
}

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = {
		[VERDICT_OK] = "OK",
		[VERDICT_WARNING] = "WARNING",
		[VERDICT_CRITICAL] = "CRITICAL",
		[VERDICT_UNKNOWN] = "UNKNOWN",
	};

	return names[v];
}

/* --- exit status ------------------------------------------------------------------------------------------------------ */

enum verdict_status verdict_status(const struct result *r)
{
	const struct tally_packets *p = &r->total.tally->packets;

	if (p->sent == 0)
		return VERDICT_NOTHING;
	if (r->total.answers == RESULT_SILENT)
		return verdict_silent(r) == VERDICT_OK ? VERDICT_GOOD : VERDICT_BAD;
	if (p->received == 0)
		return VERDICT_SILENT;
	if (r->mtu)
		return r->mtu->forward_bytes.known && r->mtu->backward_bytes.known ? VERDICT_GOOD : VERDICT_BAD;
	if (is_altered(r))
		return VERDICT_BAD;
	if (r->plan->critical.said)
		return is_over(r, &r->plan->critical) ? VERDICT_BAD : VERDICT_GOOD;
	return is_all_back(r) ? VERDICT_GOOD : VERDICT_BAD;
}

int verdict_exit(const struct result *const *results, size_t n)
{
	enum verdict_status worst = n > 0 ? VERDICT_GOOD : VERDICT_NOTHING;

	for (size_t i = 0; i < n; i++)
		if (verdict_status(results[i]) > worst)
			worst = verdict_status(results[i]);
	return (int)worst;
}
