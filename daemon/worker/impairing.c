/* SPDX-License-Identifier: MIT */
/* The impairment of a listener's answers at this moment. */
#include "worker/impairing.h"

#include "settings/public_rules.h"

static struct impairs *words_of(const struct worker *w, const struct listener *l)
{
	return &w->plan->shared->impairs[l->row];
}

const struct impair_rules *impairing_rules(const struct worker *w, const struct listener *l, struct impair_rules *storage)
{
	const struct listener_settings *s = l->settings;

	if (!atomic_load_explicit(&words_of(w, l)->said, memory_order_relaxed))
		return s->impairs ? &s->impair : NULL;
	if (!impairs_said(words_of(w, l), storage))
		return NULL;
	return impair_does_anything(storage) && public_rules_let_impair(s, listener_public_socket(l)) ? storage : NULL;
}

uint64_t impairing_number(const struct worker *w, const struct listener *l)
{
	return atomic_fetch_add_explicit(&words_of(w, l)->count, 1, memory_order_relaxed);
}

void impairing_count(const struct worker *w, const struct listener *l, enum impaired what, uint64_t n)
{
	counters_add(&w->counters[l->row].impaired[what], n);
}
