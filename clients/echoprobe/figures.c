/* SPDX-License-Identifier: MIT */
/* The figures of a scope. */
#include "echoprobe/figures.h"

#include <math.h>

const struct figure_row figures[FIGURES_N] = {
#define GROUP(group, form)
#define FIGURE(group, name, kind, value) { #name, FIGURE_GROUP_##group, FIGURE_##kind },
#include "echoprobe/figures.def"
#undef FIGURE
#undef GROUP
};

const struct figure_group_row figure_groups[FIGURE_GROUPS_N] = {
#define GROUP(group, form) { #group, FIGURE_##form },
#define FIGURE(group, name, kind, value)
#include "echoprobe/figures.def"
#undef FIGURE
#undef GROUP
};

static struct figure_value whole_if(bool known, int64_t v)
{
	return known ? (struct figure_value){ .known = true, .whole = v } : (struct figure_value){ 0 };
}

static struct figure_value whole(int64_t v)
{
	return whole_if(true, v);
}

static struct figure_value count(uint64_t v)
{
	return whole((int64_t)v);
}

/* An interval may see more come back than it missed. */
static struct figure_value difference(uint64_t a, uint64_t b)
{
	return count(a > b ? a - b : 0);
}

static struct figure_value rounded_if(bool known, double v)
{
	return whole_if(known, llround(v));
}

static struct figure_value if_answered(const struct result_scope *s, uint64_t v)
{
	return whole_if(s->answers == RESULT_ANSWERED, (int64_t)v);
}

static struct figure_value if_numbered(const struct result_scope *s, uint64_t v)
{
	return whole_if(s->numbering == RESULT_NUMBERED, (int64_t)v);
}

static struct figure_value real_if(bool known, double v)
{
	return known ? (struct figure_value){ .known = true, .ratio = v } : (struct figure_value){ 0 };
}

enum likely_end { LIKELY_LOW, LIKELY_HIGH };

/* Of an interval more packets may be lost than it sent: they were sent before. */
static bool is_share(uint64_t part, uint64_t all)
{
	return all > 0 && part <= all;
}

static struct figure_value share_if(bool known, uint64_t part, uint64_t all)
{
	return known && is_share(part, all) ? real_if(true, (double)part / (double)all) : real_if(false, 0);
}

/* The interval around the loss ratio: its low or its high end. */
static struct figure_value likely_loss(const struct result_scope *s, enum likely_end end)
{
	uint64_t lost = tally_lost(s->tally), sent = s->tally->packets.sent;

	if (s->answers == RESULT_SILENT || !is_share(lost, sent))
		return real_if(false, 0);
	struct losses_range range = losses_wilson(lost, sent);
	return real_if(true, end == LIKELY_LOW ? range.low : range.high);
}

static struct figure_value percentile(const struct histogram *h, unsigned per_mille)
{
	int64_t v = 0;
	bool known = histogram_percentile(h, per_mille, &v);

	return whole_if(known, v);
}

static struct figure_value distance(const struct histogram *h, unsigned from_per_mille, unsigned to_per_mille)
{
	struct figure_value from = percentile(h, from_per_mille), to = percentile(h, to_per_mille);

	return whole_if(from.known && to.known, to.whole - from.whole);
}

static struct figure_value variation(const struct tally *t, unsigned per_mille)
{
	int64_t v = 0;
	bool known = tally_pdv(t, per_mille, &v);

	return whole_if(known, v);
}

struct figure_value figures_get(enum figure figure, const struct result_scope *s)
{
	const struct tally *t = s->tally;

	switch (figure) {
#define GROUP(group, form)
#define FIGURE(group, name, kind, value)                                                                                    \
	case FIGURE_##group##_##name:                                                                                       \
		return value;
#include "echoprobe/figures.def"
#undef FIGURE
#undef GROUP
	case FIGURES_N:
		break;
	}
	return (struct figure_value){ 0 };
}

struct figure_value figures_missed(const struct result_scope *s)
{
	const struct tally_packets *p = &s->tally->packets;

	return share_if(s->answers == RESULT_ANSWERED, tally_lost(s->tally) + p->late, p->sent);
}
