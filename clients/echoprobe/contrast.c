/* SPDX-License-Identifier: MIT */
/* The traits that set a flow apart from the others of a run, and how delay grows with size. */
#include "echoprobe/contrast.h"

#include <math.h>
#include <stdlib.h>

#include "echoprobe/figures.h"

#define SURE 0.001            /* the chance that any flow of a run is called unlike the others without being so */
#define SLOWER_NS 50000       /* less is what a busy host makes */
#define SLOWER_SHARE 10       /* of the others' time, at least 1 / this */
#define EXPLAINED_SQUARED 0.5 /* the share of what differs that a line must explain */

/* --- loss ------------------------------------------------------------------------------------------------------------- */

static double log_choose(uint64_t n, uint64_t k)
{
	return lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);
}

static double exactly(uint64_t lost, uint64_t n, uint64_t all_lost, uint64_t all_n)
{
	if (lost > all_lost || n - lost > all_n - all_lost)
		return 0;
	return exp(log_choose(all_lost, lost) + log_choose(all_n - all_lost, n - lost) - log_choose(all_n, n));
}

double contrast_tail(uint64_t lost, uint64_t n, uint64_t all_lost, uint64_t all_n)
{
	uint64_t most = n < all_lost ? n : all_lost;
	double p = 0;

	for (uint64_t k = lost; k <= most; k++) {
		double more = exactly(k, n, all_lost, all_n);

		p += more;
		if (p > 0 && more < p * 1e-9) /* what follows is less still */
			break;
	}
	return p < 1 ? p : 1;
}

/* Fewer losses than elsewhere are more answers than elsewhere. */
static bool loss_differs(const struct result_scope *flows, size_t n, size_t at)
{
	uint64_t sent = flows[at].tally->packets.sent, lost = tally_lost(flows[at].tally), all = 0, all_lost = 0;

	for (size_t i = 0; i < n; i++) {
		all += flows[i].tally->packets.sent;
		all_lost += tally_lost(flows[i].tally);
	}
	if (lost > sent || all_lost > all || sent == all)
		return false;
	double more = contrast_tail(lost, sent, all_lost, all);
	double fewer = contrast_tail(sent - lost, sent, all - all_lost, all);
	return (more < fewer ? more : fewer) * 2 * (double)n < SURE;
}

/* --- path ------------------------------------------------------------------------------------------------------------- */

/* The TTL that most flows have; unknown where none has one. */
static struct result_value common_ttl(const struct result_scope *flows, size_t n)
{
	struct result_value best = { 0 };
	size_t n_of[256] = { 0 };

	for (size_t i = 0; i < n; i++)
		if (flows[i].ttl.known && ++n_of[flows[i].ttl.value & 255] > (best.known ? n_of[best.value & 255] : 0))
			best = flows[i].ttl;
	return best;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The median of all flows' least times; 0 where none is known. */
static int64_t median_ns(const struct result_scope *flows, size_t n)
{
	int64_t least[PLAN_FLOWS_MAX];
	size_t known = 0;

	for (size_t i = 0; i < n && known < PLAN_FLOWS_MAX; i++)
		if (figures_get(FIGURE_rtt_ns_min, &flows[i]).known)
			least[known++] = figures_get(FIGURE_rtt_ns_min, &flows[i]).whole;
	if (!known)
		return 0;
	qsort(least, known, sizeof(least[0]), compare);
	return least[(known - 1) / 2];
}

struct contrast contrast_of(const struct result_scope *flows, size_t n, size_t at)
{
	struct result_value ttl = common_ttl(flows, n);
	struct figure_value least = figures_get(FIGURE_rtt_ns_min, &flows[at]);
	int64_t others_ns = median_ns(flows, n), more_ns = least.known && others_ns ? least.whole - others_ns : 0;
	bool is_much = llabs(more_ns) >= SLOWER_NS && llabs(more_ns) * SLOWER_SHARE >= others_ns;

	return (struct contrast){
		.loss = loss_differs(flows, n, at),
		.ttl = flows[at].ttl.known && flows[at].ttl.value != ttl.value,
		.slower_ns = is_much ? more_ns : 0,
	};
}

/* --- size ------------------------------------------------------------------------------------------------------------- */

struct sums {
	double n, x, y, xx, xy, yy;
};

static void add_point(struct sums *s, double x, double y)
{
	s->n++;
	s->x += x;
	s->y += y;
	s->xx += x * x;
	s->xy += x * y;
	s->yy += y * y;
}

bool contrast_fit(const struct result_scope *sizes, size_t n, struct contrast_line *ret)
{
	struct sums s = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct figure_value least = figures_get(FIGURE_rtt_ns_min, &sizes[i]);
		if (least.known)
			add_point(&s, sizes[i].size_bytes, (double)least.whole);
	}
	double xx = s.n * s.xx - s.x * s.x, xy = s.n * s.xy - s.x * s.y, yy = s.n * s.yy - s.y * s.y;
	if (s.n < 3 || xx <= 0 || yy <= 0 || xy <= 0 || xy * xy < EXPLAINED_SQUARED * xx * yy)
		return false;
	ret->byte_ns = xy / xx;
	ret->base_ns = (s.y - ret->byte_ns * s.x) / s.n;
	return true;
}
