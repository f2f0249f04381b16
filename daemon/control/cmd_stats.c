/* SPDX-License-Identifier: MIT */
/* The answer to `stats`: every counter of every listener there has been, their sums, and the daemon's own; a line each. */
#include "control/json_out.h"
#include "control/command.h"
#include "generation/fleet.h"

static void add_reasons(const char *key, const _Atomic uint64_t *counts, struct text *to)
{
	json_out_open(to, key, '{');
	for (unsigned i = 0; i < REFUSALS_N; i++)
		json_out_number(to, refusal_name((enum refusal)i), atomic_load(&counts[i]));
	json_out_close(to, '}');
}

static void add_counters(const struct counters *c, uint64_t active, struct text *to)
{
	json_out_number(to, "active", active);
#define ADD(name) json_out_number(to, #name, atomic_load(&c->name));
	COUNTERS(ADD)
#undef ADD
	add_reasons("refused", c->refused, to);
	add_reasons("dry_run", c->dry_run, to);
	json_out_open(to, "impaired", '{');
	for (unsigned i = 0; i < IMPAIRED_N; i++)
		json_out_number(to, impair_name((enum impaired)i), atomic_load(&c->impaired[i]));
	json_out_close(to, '}');
	json_out_end(to);
}

static void add_total(const struct fleet *f, struct text *to)
{
	struct counters all = { 0 }, row;

	for (uint32_t i = 0; i < f->labels.n; i++) {
		shared_sum_row(f->shared, f->records.n, i, &row);
		counters_sum(&all, &row);
	}
	json_out_begin(to, "total");
	add_counters(&all, table_count(&f->table), to);
	json_out_begin(to, "daemon");
	json_out_number(to, "reloads", atomic_load(&f->shared->reloads));
	json_out_number(to, "reloads_refused", atomic_load(&f->shared->reloads_refused));
	json_out_number(to, "buffer_bytes", atomic_load(&f->shared->buffer_bytes));
	json_out_number(to, "lookups_waiting", atomic_load(&f->shared->lookups_waiting));
	json_out_number(to, "log_lines_lost", log_lost());
	json_out_end(to);
}

enum command_state cmd_stats(struct asking *a, struct text *to)
{
	const struct fleet *f = a->fleet;
	uint32_t row = (uint32_t)a->at++;
	struct counters sum;

	if (row >= f->labels.n) {
		add_total(f, to);
		return COMMAND_DONE;
	}
	shared_sum_row(f->shared, f->records.n, row, &sum);
	json_out_begin(to, "listener");
	json_out_text(to, "listener", f->labels.names[row]);
	add_counters(&sum, table_row_count(&f->table, row), to);
	return COMMAND_MORE;
}
