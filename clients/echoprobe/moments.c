/* SPDX-License-Identifier: MIT */
/* Welford's sums: no large squares are subtracted from each other. */
#include "echoprobe/moments.h"

#include <math.h>

void moments_add(struct moments *m, double value)
{
	double before = value - m->mean;

	m->n++;
	m->mean += before / (double)m->n;
	m->squares += before * (value - m->mean);
}

void moments_merge(struct moments *to, const struct moments *from)
{
	double n = (double)(to->n + from->n), apart = from->mean - to->mean;

	if (from->n == 0)
		return;
	to->squares += from->squares + apart * apart * (double)to->n * (double)from->n / n;
	to->mean += apart * (double)from->n / n;
	to->n += from->n;
}

double moments_stddev(const struct moments *m)
{
	return m->n < 2 ? 0 : sqrt(m->squares / (double)(m->n - 1));
}
