/* SPDX-License-Identifier: MIT */
/* The log's lines about what was refused. */
#include "generation/log_refusals.h"

#include "base/clock.h"
#include "base/log.h"

/* n: what was refused since the last line; 0: none is due. */
static void log_incident(uint64_t n, const char *listener, const char *event, enum refusal why)
{
	struct log_line l;

	if (!n)
		return;
	log_begin(&l, LOG_LEVEL_NOTICE, event);
	log_text(&l, "listener", listener);
	log_text(&l, "reason", refusal_name(why));
	log_number(&l, "count", (int64_t)n);
	log_end(&l);
}

void log_refusals(struct fleet *f, uint32_t row, const struct counters *sum, uint64_t now_ns)
{
	struct labels_said(*said)[REFUSALS_N] = f->labels.said[row];
	const char *name = f->labels.names[row];

	for (unsigned i = 0; i < REFUSALS_N; i++) {
		uint64_t refused_n = labels_say(&said[0][i], atomic_load(&sum->refused[i]), now_ns);
		uint64_t lifted_n = labels_say(&said[1][i], atomic_load(&sum->dry_run[i]), now_ns);

		log_incident(refused_n, name, "refused", (enum refusal)i);
		log_incident(lifted_n, name, "dry_run", (enum refusal)i);
	}
}

void log_refusals_end(struct fleet *f)
{
	struct counters sum;

	for (uint32_t i = 0; i < f->labels.n; i++) {
		shared_sum_row(f->shared, f->records.n, i, &sum);
		log_refusals(f, i, &sum, CLOCK_NEVER);
	}
}
