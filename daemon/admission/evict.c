/* SPDX-License-Identifier: MIT */
/* Eviction: the session that ends when all places are taken and others wait for one. */
#include "admission/evict.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"

#define SPAN_MOST_NS CLOCK_S_NS /* one who was himself held up takes it for no more */

/* Sessions that end by themselves pay for those that wait, whatever number of them a worker says. */
static void pay(struct evict_debt *d, uint64_t ended, uint64_t patience_ns)
{
	uint64_t ours = ended < d->ordered ? ended : d->ordered;
	uint64_t others = ended - ours;

	d->ordered -= ours;
	d->due_ns -= others <= d->due_ns / patience_ns ? others * patience_ns : d->due_ns;
}

uint32_t evict_due(struct evict_debt *d, const struct evict_view *v)
{
	uint64_t most_ns = v->waiting * v->patience_ns;
	uint64_t n;

	d->due_ns += v->waiting * (v->span_ns < SPAN_MOST_NS ? v->span_ns : SPAN_MOST_NS);
	pay(d, v->ended, v->patience_ns);
	if (d->due_ns > most_ns)
		d->due_ns = most_ns;
	n = d->due_ns / v->patience_ns;
	d->due_ns -= n * v->patience_ns;
	d->ordered += n;
	return (uint32_t)n;
}

/* ---- the order ---- */

/* The share of the place's time that a byte of the session has taken. */
static uint64_t slowness(const struct evict_session *s)
{
	return s->age_ns / (s->bytes + 1);
}

static int greater_first(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int by_slowness(const struct evict_session *a, const struct evict_session *b, uint64_t young_ns)
{
	int order = greater_first(a->age_ns >= young_ns, b->age_ns >= young_ns);

	return order ? order : greater_first(slowness(a), slowness(b));
}

static int compare_in_source(const void *a, const void *b, void *young_ns)
{
	const struct evict_session *s = a, *t = b;
	int order = greater_first(s->source, t->source);

	return order ? order : by_slowness(s, t, *(const uint64_t *)young_ns);
}

static int compare_over_sources(const void *a, const void *b, void *young_ns)
{
	const struct evict_session *s = a, *t = b;
	int order = greater_first(s->level, t->level);

	return order ? order : by_slowness(s, t, *(const uint64_t *)young_ns);
}

/* The level of a session: how many its source still has when it is the next of them to go. */
static void find_levels(struct evict_session *list, size_t n)
{
	uint32_t level = 0;

	for (size_t i = n; i-- > 0;) {
		bool is_last = i + 1 == n || list[i].source != list[i + 1].source;
		level = is_last ? 1 : level + 1;
		list[i].level = level;
	}
}

void evict_order(struct evict_session *list, size_t n, uint64_t young_ns)
{
	qsort_r(list, n, sizeof(*list), compare_in_source, &young_ns);
	find_levels(list, n);
	qsort_r(list, n, sizeof(*list), compare_over_sources, &young_ns);
}
