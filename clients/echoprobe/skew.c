/* SPDX-License-Identifier: MIT */
/*
 * The line below all points that is highest at their mean time is the edge of their lower hull there. It is found by moving
 * a line's two points, one on each side of the mean, down to the lowest point below the line until there is none.
 */
#include "echoprobe/skew.h"

#define MOVES_MOST 1000 /* a dozen are common; the line is good enough long before */

/* Points relative to the first one, so that a double holds them to the nanosecond. */
struct point {
	double at;
	double delay;
};

struct cloud {
	const struct delay_sample *samples;
	size_t n;
	enum delay_way way;
	double mean; /* time */
};

static struct point point(const struct cloud *c, size_t i)
{
	const struct delay_sample *s = &c->samples[i], *first = &c->samples[0];
	int64_t at_ns = s->t1_ns - first->t1_ns;

	if (c->way == DELAY_BACKWARD) /* T4, but for the time in the reflector */
		at_ns += delay_rtt_ns(s);
	return (struct point){ (double)at_ns, (double)(s->way_ns[c->way] - first->way_ns[c->way]) };
}

static double mean_time(const struct cloud *c)
{
	double sum = 0;

	for (size_t i = 0; i < c->n; i++)
		sum += point(c, i).at;
	return sum / (double)c->n;
}

struct line {
	struct point left; /* at the mean time or before */
	struct point right;
};

static double slope(const struct line *l)
{
	return (l->right.delay - l->left.delay) / (l->right.at - l->left.at);
}

/* The point farthest below the line; how far, 0 where there is none. */
static double lowest_below(const struct cloud *c, const struct line *l, struct point *ret_lowest)
{
	double rise = slope(l), depth = 0;

	for (size_t i = 0; i < c->n; i++) {
		struct point p = point(c, i);
		double below = l->left.delay + rise * (p.at - l->left.at) - p.delay;

		if (below > depth) {
			depth = below;
			*ret_lowest = p;
		}
	}
	return depth;
}

/* Any point on each side of the mean; false: all are at one time. */
static bool start(const struct cloud *c, struct line *ret_line)
{
	unsigned left = 0, right = 0;

	for (size_t i = 0; i < c->n; i++) {
		struct point p = point(c, i);

		if (p.at <= c->mean && left++ == 0)
			ret_line->left = p;
		else if (p.at > c->mean && right++ == 0)
			ret_line->right = p;
	}
	return left != 0 && right != 0;
}

static bool find_slope(const struct delay_sample *samples, size_t n, enum delay_way way, double *ret_slope)
{
	struct cloud c = { .samples = samples, .n = n, .way = way };
	struct line line = { 0 };
	struct point lowest = { 0 };

	c.mean = mean_time(&c);
	if (!start(&c, &line))
		return false;
	for (unsigned i = 0; i < MOVES_MOST && lowest_below(&c, &line, &lowest) > 0.5; i++) {
		if (lowest.at <= c.mean)
			line.left = lowest;
		else
			line.right = lowest;
	}
	*ret_slope = slope(&line);
	return true;
}

bool skew_find(const struct delay_sample *samples, size_t n, struct skew *ret_skew)
{
	double forward, backward;

	if (n < 2 || !find_slope(samples, n, DELAY_FORWARD, &forward) || !find_slope(samples, n, DELAY_BACKWARD, &backward))
		return false;
	*ret_skew = (struct skew){ .skew_ppm = (forward - backward) / 2 * 1e6, .trend_ppm = (forward + backward) / 2 * 1e6 };
	return true;
}
