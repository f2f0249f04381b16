/* SPDX-License-Identifier: MIT */
/*
 * The answer to `status`: the daemon, its listeners, its pools, what still drains; a line each.
 *
 * Flow: asking.part says which of these, asking.at counts their lines. A reload in between may change what the next one
 * is about; each is true by itself.
 */
#include <string.h>

#include "base/clock.h"
#include "net/health.h"
#include "control/json_out.h"
#include "control/command.h"
#include "generation/generation.h"
#include "generation/pool.h"
#include "generation/child.h"
#include "settings/impair_keys.h"

#define ADDRESSES_SHOWN 8

static const char *state_of(const struct fleet *f)
{
	if (f->stopping)
		return "stopping";
	return f->coming ? f->current ? "reloading" : "starting" : "serving";
}

static void add_daemon(const struct fleet *f, struct text *to)
{
	static const char *const words[] = {
		[CLOCK_UNKNOWN] = "unknown",
		[CLOCK_UNSYNCHRONISED] = "unsynchronised",
		[CLOCK_SYNCHRONISED] = "synchronised",
	};
	struct clock_status clock = shared_clock(f->shared);
	size_t file_n = strlen(f->file);

	json_out_begin(to, "daemon");
	json_out_text(to, "version", PACKAGE_VERSION);
	json_out_number(to, "pid", (uint64_t)f->pid);
	json_out_text(to, "state", state_of(f));
	json_out_bytes(to, "file", f->file, file_n < 256 ? file_n : 256);
	json_out_number(to, "since_unix_s", (uint64_t)f->started.tv_sec);
	json_out_number(to, "uptime_ms", (clock_mono_ns() - f->started_ns) / CLOCK_MS_NS);
	json_out_number(to, "generation", f->current ? f->current->number : 0);
	json_out_number(to, "reloads", atomic_load(&f->shared->reloads));
	json_out_number(to, "reloads_refused", atomic_load(&f->shared->reloads_refused));
	json_out_text(to, "clock", words[clock.state]);
	if (clock.state == CLOCK_SYNCHRONISED)
		json_out_number(to, "clock_error_us", (uint64_t)clock.max_error_us);
	json_out_number(to, "sessions", table_count(&f->table));
	if (f->current && f->current->settings)
		json_out_number(to, "sessions_max", f->current->settings->limits.sessions);
	json_out_end(to);
}

/* --- listeners -------------------------------------------------------------------------------------------------- */

/* Every address of the row, the first ones by name. */
static void add_addresses(const struct generation *g, uint32_t row, struct text *to)
{
	uint64_t n = 0;

	json_out_open(to, "addresses", '[');
	for (size_t i = 0; i < g->listeners_n; i++) {
		char storage[192];
		struct text where = TEXT_OVER(storage);

		if (g->listeners[i].row != row || n++ >= ADDRESSES_SHOWN)
			continue;
		listener_add_where(&where, &g->listeners[i]);
		json_out_element(to, where.at);
	}
	json_out_close(to, ']');
	json_out_number(to, "addresses_n", n);
}

static void add_rates(const struct counter_rates *r, uint32_t row, struct text *to)
{
	const struct counters *gained = &r->gained[row];

	json_out_number(to, "sessions_per_s", counter_rates_per_s(r, gained->sessions));
	json_out_number(to, "datagrams_per_s", counter_rates_per_s(r, gained->datagrams_received));
	json_out_number(to, "answers_per_s", counter_rates_per_s(r, gained->datagrams_answered));
	json_out_number(to, "received_bytes_per_s", counter_rates_per_s(r, gained->received_bytes));
	json_out_number(to, "sent_bytes_per_s", counter_rates_per_s(r, gained->sent_bytes));
	json_out_number(to, "refused_per_s", counter_rates_per_s(r, counter_rates_refused(gained)));
}

/* Of a row with a socket that no client reaches: why. */
static void add_loss(const struct generation *g, uint32_t row, struct text *to)
{
	for (size_t i = 0; i < g->listeners_n; i++)
		if (g->listeners[i].row == row && g->listeners[i].loss != LOSS_NONE) {
			json_out_text(to, "lost", health_text(g->listeners[i].loss));
			return;
		}
}

/* The impairment of a listener that has one, and whose word it is. */
static void add_impair(const struct fleet *f, const struct listener *l, struct text *to)
{
	struct impair_rules rules;
	enum cmd_impair_by by = cmd_impair_rules(f, l, &rules);
	char storage[512];
	struct text t = TEXT_OVER(storage);

	if (by == CMD_IMPAIR_NONE)
		return;
	impair_keys_add(&t, &rules);
	json_out_text(to, "impair", t.at);
	json_out_text(to, "impair_by", by == CMD_IMPAIR_SAID ? "command" : "settings");
}

static void add_listener(const struct generation *g, const struct listener *l, struct text *to)
{
	struct fleet *f = g->fleet;

	json_out_begin(to, "listener");
	json_out_text(to, "listener", l->label);
	if (l->settings)
		json_out_text(to, "service", l->settings->service->name);
	json_out_text(to, "transport", service_transport_name(l->transport));
	if (l->multipath)
		json_out_bool(to, "mptcp", true);
	json_out_text(to, "pool", g->pools[l->pool].name);
	add_addresses(g, l->row, to);
	add_loss(g, l->row, to);
	json_out_bool(to, "drained", atomic_load(&f->shared->drained[l->row]) != 0);
	json_out_number(to, "sessions", table_row_count(&f->table, l->row));
	if (l->settings)
		json_out_number(to, "sessions_max", l->settings->admission.max_sessions);
	json_out_number(to, "waiting", atomic_load(&f->shared->backlog[l->row]));
	add_rates(&f->rates, l->row, to);
	if (l->settings)
		add_impair(f, l, to);
	json_out_end(to);
}

/* The first socket of the i-th name; NULL: there are fewer. */
static const struct listener *listener_of_name(const struct generation *g, uint64_t i)
{
	for (size_t k = 0; k < g->listeners_n; k++) {
		size_t first = 0;

		while (g->listeners[first].row != g->listeners[k].row)
			first++;
		if (first == k && i-- == 0)
			return &g->listeners[k];
	}
	return NULL;
}

/* --- processes ---------------------------------------------------------------------------------------------------- */

/* pool: an index, CHILD_RESOLVER or CHILD_METRICS. */
static void add_pool(struct generation *g, uint32_t pool, struct text *to)
{
	const struct pool *p = fleet_pool(g, pool);
	bool serves = pool < SETTINGS_POOLS_MAX;
	struct pool_count n = pool_count(g, pool);
	uint64_t now_ns = clock_mono_ns();

	json_out_begin(to, "pool");
	json_out_text(to, "pool", p->name);
	json_out_text(to, "model", serves ? pool_model_name(p->model) : p->name);
	json_out_number(to, "starting", n.starting);
	json_out_number(to, "idle", n.idle);
	json_out_number(to, "busy", n.busy);
	json_out_number(to, "draining", n.draining);
	if (serves)
		json_out_number(to, "sessions", n.sessions);
	json_out_number(to, "throttled_ms",
			p->failures.not_before_ns > now_ns ? (p->failures.not_before_ns - now_ns) / CLOCK_MS_NS : 0);
	json_out_end(to);
}

/* The i-th pool that is in use, resolvers and metrics last. False: there are fewer. */
static bool add_nth_pool(struct generation *g, uint64_t i, struct text *to)
{
	uint32_t found[SETTINGS_POOLS_MAX + 2];
	size_t n = 0;

	for (uint32_t p = 0; p < SETTINGS_POOLS_MAX; p++)
		if (g->used[p])
			found[n++] = p;
	if (g->resolvers_wanted)
		found[n++] = CHILD_RESOLVER;
	if (g->metrics_fd >= 0)
		found[n++] = CHILD_METRICS;
	if (i < n)
		add_pool(g, found[i], to);
	return i < n;
}

/* An earlier generation whose sessions go on. */
static void add_draining(const struct generation *g, struct text *to)
{
	uint64_t now_ns = clock_mono_ns(), processes = 0, sessions = 0;

	for (const struct child *c = g->children; c; c = c->next) {
		processes++;
		if (child_is_worker(c))
			sessions += atomic_load(&g->fleet->shared->records[c->record].sessions);
	}
	json_out_begin(to, "draining");
	json_out_number(to, "generation", g->number);
	json_out_number(to, "processes", processes);
	json_out_number(to, "sessions", sessions);
	if (g->deadline_ns != CLOCK_NEVER)
		json_out_number(to, "ends_in_ms", g->deadline_ns > now_ns ? (g->deadline_ns - now_ns) / CLOCK_MS_NS : 0);
	json_out_end(to);
}

/* --- in this order -------------------------------------------------------------------------------------------------- */

enum command_state cmd_status(struct asking *a, struct text *to)
{
	const struct fleet *f = a->fleet;
	const struct generation *d = f->draining;
	struct generation *g = f->current;
	const struct listener *l;
	uint64_t i = a->at++;

	switch (a->part) {
	case 0:
		add_daemon(f, to);
		break;
	case 1:
		l = g ? listener_of_name(g, i) : NULL;
		if (l) {
			add_listener(g, l, to);
			return COMMAND_MORE;
		}
		break;
	case 2:
		if (g && add_nth_pool(g, i, to))
			return COMMAND_MORE;
		break;
	default:
		while (d && i--)
			d = d->next;
		if (!d)
			return COMMAND_DONE;
		add_draining(d, to);
		return COMMAND_MORE;
	}
	a->part++;
	a->at = 0;
	return COMMAND_MORE;
}
