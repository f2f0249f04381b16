/* SPDX-License-Identifier: MIT */
/* Statistics in the log: what SIGUSR1 asks for. */
#include "generation/log_statistics.h"

#include "base/log.h"
#include "generation/pool.h"

static void log_refused(struct log_line *l, const _Atomic uint64_t *counts, const char *prefix)
{
	for (unsigned i = 0; i < REFUSALS_N; i++) {
		char storage[48];
		struct text key = TEXT_OVER(storage);

		if (!atomic_load(&counts[i]))
			continue;
		text_addf(&key, "%s%s", prefix, refusal_name((enum refusal)i));
		log_number(l, key.at, (int64_t)atomic_load(&counts[i]));
	}
}

static void log_impaired(struct log_line *l, const _Atomic uint64_t *counts)
{
	for (unsigned i = 0; i < IMPAIRED_N; i++) {
		char storage[48];
		struct text key = TEXT_OVER(storage);

		if (!atomic_load(&counts[i]))
			continue;
		text_addf(&key, "impaired_%s", impair_name((enum impaired)i));
		log_number(l, key.at, (int64_t)atomic_load(&counts[i]));
	}
}

/* Reasons that never applied, and faults that were never done, are left out. */
static void log_counters(const char *name, const struct counters *c, uint32_t active)
{
	struct log_line l;

	log_begin(&l, LOG_LEVEL_NOTICE, "statistics");
	log_text(&l, "listener", name);
	log_number(&l, "active", active);
#define NUMBER(field) log_number(&l, #field, (int64_t)atomic_load(&c->field));
	COUNTERS(NUMBER)
#undef NUMBER
	log_refused(&l, c->refused, "refused_");
	log_refused(&l, c->dry_run, "dry_run_");
	log_impaired(&l, c->impaired);
	log_end(&l);
}

static void log_pool(const struct generation *g, uint32_t pool)
{
	struct pool_count n = pool_count(g, pool);
	struct log_line l;

	log_begin(&l, LOG_LEVEL_NOTICE, "statistics");
	log_text(&l, "pool", g->pools[pool].name);
	log_number(&l, "processes", (int64_t)n.starting + n.idle + n.busy + n.draining);
	log_number(&l, "busy", n.busy);
	log_number(&l, "sessions", (int64_t)n.sessions);
	log_end(&l);
}

void log_statistics(const struct fleet *f)
{
	struct counters all = { 0 }, row;

	for (uint32_t i = 0; i < f->labels.n; i++) {
		shared_sum_row(f->shared, f->records.n, i, &row);
		log_counters(f->labels.names[i], &row, table_row_count(&f->table, i));
		counters_sum(&all, &row);
	}
	log_counters("all", &all, table_count(&f->table));
	for (uint32_t i = 0; f->current && i < SETTINGS_POOLS_MAX; i++)
		if (f->current->used[i])
			log_pool(f->current, i);
}
