/* SPDX-License-Identifier: MIT */
/* The answer to `stats`: every counter of every listener there has been, their sums, and the daemon's own; a line each. */
#include "supervisor/answer.h"
#include "supervisor/command.h"
#include "supervisor/supervisor.h"

static void add_reasons(const char *key, const _Atomic uint64_t *counts, struct text *to)
{
	answer_open(to, key, '{');
	for (unsigned i = 0; i < REFUSALS_N; i++)
		answer_number(to, refusal_name((enum refusal)i), atomic_load(&counts[i]));
	answer_close(to, '}');
}

static void add_counters(const struct counters *c, uint64_t active, struct text *to)
{
	answer_number(to, "active", active);
#define ADD(name) answer_number(to, #name, atomic_load(&c->name));
	COUNTERS(ADD)
#undef ADD
	add_reasons("refused", c->refused, to);
	add_reasons("dry_run", c->dry_run, to);
	answer_end(to);
}

static void add_total(const struct supervisor *s, struct text *to)
{
	struct counters all = { 0 }, row;

	for (uint32_t i = 0; i < s->labels.n; i++) {
		shared_sum_row(s->shared, s->records.n, i, &row);
		counters_sum(&all, &row);
	}
	answer_begin(to, "total");
	add_counters(&all, table_count(&s->table), to);
	answer_begin(to, "daemon");
	answer_number(to, "reloads", atomic_load(&s->shared->reloads));
	answer_number(to, "reloads_refused", atomic_load(&s->shared->reloads_refused));
	answer_number(to, "buffer_bytes", atomic_load(&s->shared->buffer_bytes));
	answer_number(to, "lookups_waiting", atomic_load(&s->shared->lookups_waiting));
	answer_number(to, "log_lines_lost", log_lost());
	answer_end(to);
}

enum command_state stats_answer(struct asking *a, struct text *to)
{
	const struct supervisor *s = a->supervisor;
	uint32_t row = (uint32_t)a->at++;
	struct counters sum;

	if (row >= s->labels.n) {
		add_total(s, to);
		return COMMAND_DONE;
	}
	shared_sum_row(s->shared, s->records.n, row, &sum);
	answer_begin(to, "listener");
	answer_text(to, "listener", s->labels.names[row]);
	add_counters(&sum, table_row_count(&s->table, row), to);
	return COMMAND_MORE;
}
