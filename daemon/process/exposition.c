/* SPDX-License-Identifier: MIT */
/* The metrics as text. */
#include "process/exposition.h"

#include <inttypes.h>
#include <string.h>

/* A page being written. */
struct page {
	const struct worker_plan *plan;
	FILE *to;
	bool openmetrics;
};

/* Names are of [A-Za-z0-9_.-] and '/': nothing in a label needs escaping. */

/* A counter's family is named without the ending of its samples in OpenMetrics, and with it before. */
static void family(const struct page *p, const char *name, const char *type, const char *help)
{
	const char *end = strcmp(type, "counter") == 0 && !p->openmetrics ? "_total" : "";

	(void)fprintf(p->to, "# HELP echotimed_%s%s %s\n# TYPE echotimed_%s%s %s\n", name, end, help, name, end, type);
}

/* The first socket of each label: a label's sockets share a row. */
static bool is_first(const struct worker_plan *plan, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (plan->listeners[k].row == plan->listeners[i].row)
			return false;
	return true;
}

#define EACH_LABEL(p, l)                                                                                                    \
	for (const struct listener *l = (p)->plan->listeners; l < (p)->plan->listeners + (p)->plan->listeners_n; l++)       \
		if (is_first((p)->plan, (size_t)(l - (p)->plan->listeners)))

static uint64_t value(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

/* A family of one counter of struct counters: a line a listener. */
struct tally_family {
	const char *name, *help;
	size_t offset;
	unsigned transports; /* whose listeners have it */
};

static const struct tally_family tallies[] = {
	{ "sessions", "Sessions admitted.", offsetof(struct counters, sessions), TRANSPORT_SESSIONS },
	{ "received_bytes", "Bytes received from clients.", offsetof(struct counters, received_bytes), TRANSPORT_ALL },
	{ "sent_bytes", "Bytes sent to clients.", offsetof(struct counters, sent_bytes), TRANSPORT_ALL },
	{ "datagrams_received", "Datagrams received.", offsetof(struct counters, datagrams_received), TRANSPORT_DATAGRAMS },
	{ "datagrams_answered", "Datagrams answered.", offsetof(struct counters, datagrams_answered), TRANSPORT_DATAGRAMS },
	{ "send_errors", "Answers that the kernel did not take.", offsetof(struct counters, send_errors),
	  TRANSPORT_DATAGRAMS },
	{ "accept_errors", "Connections that failed while they were accepted.", offsetof(struct counters, accept_errors),
	  TRANSPORT_SESSIONS },
	{ "datagrams_uncounted", "Datagrams answered without a session, for which the listener's table had no place.",
	  offsetof(struct counters, uncounted), TRANSPORT_DATAGRAMS },
	{ "datagrams_dropped_by_kernel", "Datagrams for which the socket's buffer had no room.",
	  offsetof(struct counters, kernel_drops), TRANSPORT_DATAGRAMS },
};

static void write_labels(const struct page *p, const struct listener *l)
{
	(void)fprintf(p->to, "{listener=\"%s\",service=\"%s\",transport=\"%s\"}", l->label, l->settings->service->name,
		      service_transport_name(l->transport));
}

static void write_tallies(const struct page *p, const struct counters *sums)
{
	for (size_t i = 0; i < array_n(tallies); i++) {
		const struct tally_family *t = &tallies[i];
		family(p, t->name, "counter", t->help);
		EACH_LABEL(p, l)
		{
			const void *at = (const char *)&sums[l->row] + t->offset;
			if (!(l->transport & t->transports))
				continue;
			(void)fprintf(p->to, "echotimed_%s_total", t->name);
			write_labels(p, l);
			(void)fprintf(p->to, " %" PRIu64 "\n", value(at));
		}
	}
}

static void write_active(const struct page *p)
{
	family(p, "sessions_active", "gauge", "Sessions open now, of all generations.");
	EACH_LABEL(p, l)
	{
		if (!(l->transport & TRANSPORT_SESSIONS))
			continue;
		(void)fputs("echotimed_sessions_active", p->to);
		write_labels(p, l);
		(void)fprintf(p->to, " %" PRIu32 "\n", table_row_count(p->plan->table, l->row));
	}
	family(p, "sockets_lost", "gauge", "Sockets that no client reaches, looked at once a second.");
	EACH_LABEL(p, l)
	{
		(void)fprintf(p->to, "echotimed_sockets_lost{listener=\"%s\"} %" PRIu32 "\n", l->label,
			      atomic_load_explicit(&p->plan->shared->lost[l->row], memory_order_relaxed));
	}
	family(p, "backlog_waiting", "gauge", "TCP connections that wait to be accepted, looked at once a second.");
	EACH_LABEL(p, l)
	{
		if (l->transport == TRANSPORT_TCP)
			(void)fprintf(p->to, "echotimed_backlog_waiting{listener=\"%s\"} %" PRIu32 "\n", l->label,
				      atomic_load_explicit(&p->plan->shared->backlog[l->row], memory_order_relaxed));
	}
}

static void write_refusals(const struct page *p, const struct counters *sums)
{
	family(p, "refused", "counter", "Datagrams and connections refused.");
	EACH_LABEL(p, l)
	{
		for (unsigned r = 0; r < REFUSALS_N; r++)
			(void)fprintf(p->to, "echotimed_refused_total{listener=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
				      l->label, refusal_name((enum refusal)r), value(&sums[l->row].refused[r]));
	}
	family(p, "dry_run", "counter", "What would have been refused, but for dry_run.");
	EACH_LABEL(p, l)
	{
		for (unsigned r = 0; l->settings->admission.dry_run && r < REFUSALS_N; r++)
			(void)fprintf(p->to, "echotimed_dry_run_total{listener=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
				      l->label, refusal_name((enum refusal)r), value(&sums[l->row].dry_run[r]));
	}
}

/* The faults of listeners that impair anything, or have. */
static void write_impaired(const struct page *p, const struct counters *sums)
{
	family(p, "impaired", "counter", "Faults done to answers on purpose.");
	EACH_LABEL(p, l)
	{
		bool impairs = l->settings->impairs || atomic_load(&p->plan->shared->impairs[l->row].said);

		for (unsigned i = 0; i < IMPAIRED_N; i++)
			impairs |= value(&sums[l->row].impaired[i]) != 0;
		for (unsigned i = 0; impairs && i < IMPAIRED_N; i++)
			(void)fprintf(p->to, "echotimed_impaired_total{listener=\"%s\",fault=\"%s\"} %" PRIu64 "\n",
				      l->label, impair_name((enum impaired)i), value(&sums[l->row].impaired[i]));
	}
}

/* label: `name="value"`, or "" for none. */
static void write_histogram(const struct page *p, const char *name, const char *label, const struct histogram *h)
{
	const char *comma = *label ? "," : "", *open = *label ? "{" : "", *close = *label ? "}" : "";
	uint64_t n = 0;

	for (unsigned i = 0; i < HISTOGRAM_BOUNDS_N; i++) {
		n += value(&h->n[i]);
		(void)fprintf(p->to, "echotimed_%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", name, label, comma,
			      (double)histogram_bounds_us[i] / 1e6, n);
	}
	n += value(&h->n[HISTOGRAM_BOUNDS_N]);
	(void)fprintf(p->to, "echotimed_%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, label, comma, n);
	(void)fprintf(p->to, "echotimed_%s_sum%s%s%s %.6f\n", name, open, label, close, (double)value(&h->sum_us) / 1e6);
	(void)fprintf(p->to, "echotimed_%s_count%s%s%s %" PRIu64 "\n", name, open, label, close, n);
}

static void write_times(const struct page *p, const struct counters *sums)
{
	struct counters all = { 0 };
	char label[LISTENER_LABEL_MAX + 16];

	family(p, "session_seconds", "histogram", "How long sessions took.");
	EACH_LABEL(p, l)
	{
		counters_sum(&all, &sums[l->row]);
		if (!(l->transport & TRANSPORT_SESSIONS))
			continue;
		(void)snprintf(label, sizeof(label), "listener=\"%s\"", l->label);
		write_histogram(p, "session_seconds", label, &sums[l->row].session_time);
	}
	family(p, "lookup_seconds", "histogram", "How long lookups of names and addresses took.");
	write_histogram(p, "lookup_seconds", "", &all.lookup_time);
	family(p, "lookups", "counter", "Lookups of names and addresses.");
	(void)fprintf(p->to, "echotimed_lookups_total{result=\"found\"} %" PRIu64 "\n", value(&all.lookups_found));
	(void)fprintf(p->to, "echotimed_lookups_total{result=\"not_found\"} %" PRIu64 "\n", value(&all.lookups_not_found));
	(void)fprintf(p->to, "echotimed_lookups_total{result=\"failed\"} %" PRIu64 "\n", value(&all.lookups_failed));
}

static const char *const state_names[] = {
	[RECORD_STARTING] = "starting", [RECORD_READY] = "ready",       [RECORD_IDLE] = "idle",
	[RECORD_BUSY] = "busy",         [RECORD_DRAINING] = "draining",
};

/* The records are given out from below: the first that was never used ends them. */
static uint32_t count_workers(const struct shared *s, uint32_t pool, enum record_state state)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < SHARED_RECORDS_MAX && atomic_load_explicit(&s->records[i].pid, memory_order_relaxed); i++)
		n += atomic_load_explicit(&s->records[i].pool, memory_order_relaxed) == pool &&
		     atomic_load_explicit(&s->records[i].state, memory_order_relaxed) == state;
	return n;
}

#define EACH_POOL(p, i) for (uint32_t i = 0; i < (p)->plan->pool_names->n; i++)

static void write_workers(const struct page *p)
{
	const struct shared *s = p->plan->shared;

	family(p, "workers", "gauge", "Processes, by pool and by what they do.");
	EACH_POOL(p, i)
	{
		for (unsigned state = RECORD_STARTING; state <= RECORD_DRAINING; state++)
			(void)fprintf(p->to, "echotimed_workers{pool=\"%s\",state=\"%s\"} %" PRIu32 "\n",
				      p->plan->pool_names->names[i], state_names[state],
				      count_workers(s, i, (enum record_state)state));
	}
	family(p, "worker_deaths", "counter", "Processes that died, by cause.");
	EACH_POOL(p, i)
	{
		for (unsigned cause = 0; cause < POOL_DEATHS_CAUSES_N; cause++)
			(void)fprintf(p->to, "echotimed_worker_deaths_total{pool=\"%s\",cause=\"%s\"} %" PRIu64 "\n",
				      p->plan->pool_names->names[i], pool_deaths_cause_name((enum pool_deaths_cause)cause),
				      value(&s->deaths.n[i][cause]));
	}
}

static void write_daemon(const struct page *p)
{
	const struct shared *s = p->plan->shared;
	struct clock_status clock = shared_clock(s);

	family(p, "reloads", "counter", "Reloads of the settings, done and refused.");
	(void)fprintf(p->to, "echotimed_reloads_total{result=\"done\"} %" PRIu64 "\n", value(&s->reloads));
	(void)fprintf(p->to, "echotimed_reloads_total{result=\"refused\"} %" PRIu64 "\n", value(&s->reloads_refused));
	family(p, "generation", "gauge", "The number of the generation that serves.");
	(void)fprintf(p->to, "echotimed_generation %" PRIu32 "\n", p->plan->generation);
	family(p, "log_lines_lost", "counter", "Lines of the log that could not be written.");
	(void)fprintf(p->to, "echotimed_log_lines_lost_total %" PRIu64 "\n", value(&s->log_lost));
	if (clock.state != CLOCK_UNKNOWN) {
		family(p, "clock_synchronised", "gauge",
		       "Whether the host's clock is synchronised; absent where it is not known.");
		(void)fprintf(p->to, "echotimed_clock_synchronised %d\n", clock.state == CLOCK_SYNCHRONISED);
	}
	family(p, "build_info", "gauge", "The version that runs.");
	(void)fputs("echotimed_build_info{version=\"" PACKAGE_VERSION "\"} 1\n", p->to);
}

void exposition_write(const struct worker_plan *plan, bool openmetrics, FILE *to)
{
	static struct counters sums[TABLE_ROWS_MAX];
	const struct page p = { .plan = plan, .to = to, .openmetrics = openmetrics };

	EACH_LABEL(&p, l)
	shared_sum_row(plan->shared, SHARED_RECORDS_MAX, l->row, &sums[l->row]);
	write_active(&p);
	write_tallies(&p, sums);
	write_refusals(&p, sums);
	write_impaired(&p, sums);
	write_times(&p, sums);
	write_workers(&p);
	write_daemon(&p);
	if (openmetrics)
		(void)fputs("# EOF\n", to);
}

/* ---- readiness ---- */

static bool serves(const struct record *r)
{
	uint32_t state = atomic_load_explicit(&r->state, memory_order_relaxed);

	return state == RECORD_IDLE || state == RECORD_BUSY;
}

/* Whether a worker of this generation accepts what comes to the pool. */
static bool pool_serves(const struct worker_plan *plan, const char *pool)
{
	const struct shared *s = plan->shared;
	uint32_t index = pool_deaths_find(plan->pool_names, pool);

	for (uint32_t i = 0; i < SHARED_RECORDS_MAX && atomic_load(&s->records[i].pid); i++)
		if (atomic_load(&s->records[i].generation) == plan->generation && serves(&s->records[i]) &&
		    atomic_load(&s->records[i].pool) == index)
			return true;
	return false;
}

static bool is_served(const struct worker_plan *plan, size_t i)
{
	const struct listener *l = &plan->listeners[i];
	uint32_t reader = atomic_load(&plan->readers[i]);

	if (l->transport & TRANSPORT_SESSIONS)
		return pool_serves(plan, plan->settings->pools[l->pool].name);
	return reader < SHARED_RECORDS_MAX && serves(&plan->shared->records[reader]);
}

/* NULL: nothing. */
static const char *what_is_wrong(const struct worker_plan *plan, size_t i, bool synchronised)
{
	const struct listener *l = &plan->listeners[i];

	if (atomic_load(&plan->shared->drained[l->row]))
		return "it is drained";
	if (atomic_load(&plan->shared->lost[l->row]))
		return "no client reaches it";
	if (!is_served(plan, i))
		return "nobody serves it";
	return l->settings->options.require_sync && !synchronised ? "the clock is not synchronised" : NULL;
}

unsigned exposition_write_unready(const struct worker_plan *plan, FILE *to)
{
	bool synchronised = shared_clock(plan->shared).state == CLOCK_SYNCHRONISED;
	unsigned n = 0;

	for (size_t i = 0; i < plan->listeners_n; i++) {
		const char *why = what_is_wrong(plan, i, synchronised);
		if (!why)
			continue;
		(void)fprintf(to, "%s: %s\n", plan->listeners[i].label, why);
		n++;
	}
	return n;
}
