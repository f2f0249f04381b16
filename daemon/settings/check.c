/* SPDX-License-Identifier: MIT */
/* The rules across keys, for what each key alone may say but all together may not. Listeners' sockets are checked in
 * clash.c. */
#include "settings/check.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "service/daytime.h"
#include "settings/clash.h"
#include "settings/issues.h"
#include "settings/origins.h"
#include "settings/public_rules.h"
#include "settings/schema.h"

/* A pool's sessions are dealt over its workers, each of which serves at least one. */
static void check_event_pool(struct draft *d, size_t i)
{
	const struct pool_settings *p = &d->settings->pools[i];
	char path[SETTINGS_NAME_MAX + 32];

	if (p->workers <= p->max_sessions)
		return;
	(void)snprintf(path, sizeof(path), "pools.%s.workers", p->name);
	issues_add(d, origins_pool(d->settings, i, "workers"), path, "is more than max_sessions (%u workers, %u sessions)",
		   p->workers, p->max_sessions);
}

/* The first rule that is broken: the others follow from it. */
static void check_pool(struct draft *d, size_t i)
{
	const struct pool_settings *p = &d->settings->pools[i];
	const char *key = NULL, *what = "is more than max_spare";
	char path[SETTINGS_NAME_MAX + 32];
	const struct origin *at;

	if (p->model == POOL_FORK || !origins_has_model(d->settings, i))
		return;
	if (p->model == POOL_EVENT) {
		check_event_pool(d, i);
		return;
	}
	if (p->min_spare > p->max_spare) {
		key = "min_spare";
	} else if (p->max_spare > p->max_workers) {
		key = "max_spare";
		what = "is more than max_workers";
	} else if (p->start > p->max_workers) {
		key = "start";
		what = "is more than max_workers";
	}
	if (!key)
		return;
	at = origins_pool(d->settings, i, key);
	if (!at->file)
		at = origins_pool(d->settings, i, "max_workers");
	(void)snprintf(path, sizeof(path), "pools.%s.%s", p->name, key);
	issues_add(d, at, path, "%s (start %u, min_spare %u <= max_spare %u <= max_workers %u)", what, p->start,
		   p->min_spare, p->max_spare, p->max_workers);
}

/* Processes that all pools in use may have together. */
static void check_workers(struct draft *d)
{
	const struct settings *s = d->settings;
	struct origin at = { 0 };
	uint64_t n = 0;

	for (size_t i = 0; i < s->pools_n; i++)
		if (s->pools[i].used)
			n += s->pools[i].model == POOL_PREFORK ? s->pools[i].max_workers
			     : s->pools[i].model == POOL_EVENT ? s->pools[i].workers
							       : 1;
	if (n > SETTINGS_WORKERS_MAX)
		issues_add(d, &at, "pools", "those in use may have %lu workers together (%d at most)", (unsigned long)n,
			   SETTINGS_WORKERS_MAX);
}

/* A pool that `defaults` names serves what it can; only a listener that chose it for datagrams alone is wrong. */
static void check_transports(struct draft *d, const struct listener_settings *l)
{
	const struct settings *s = d->settings;
	const struct listener_own *own = &s->own->listeners[l - s->listeners];
	unsigned wrong = l->transports & ~l->service->possible;

	for (unsigned t = TRANSPORT_TCP; t <= TRANSPORT_UNIXPACKET; t <<= 1)
		if ((wrong & t) != 0)
			issues_add_at(d, l, "transport", "%s cannot be served over %s", l->service->name,
				      service_transport_name((enum transport)t));
	if (origins_is_said_itself(d->settings, l, "pool") && (l->transports & TRANSPORT_SESSIONS) == 0 &&
	    l->transports != 0 && strcmp(s->pools[l->pool_datagram].name, own->pool) != 0)
		issues_add_at(d, l, "pool", "\"%s\" cannot serve datagrams (a pool of model \"event\")", own->pool);
	if (l->socket.defer_accept_ns > 0 && (l->service->traits & SVC_SPEAKS_FIRST) != 0)
		issues_add_at(d, l, "defer_accept", "%s speaks first: its clients would wait for nothing (0)",
			      l->service->name);
}

/* Keys of UNIX sockets, and of the others, where they mean something only. */
static void check_unix(struct draft *d, const struct listener_settings *l)
{
	for (size_t i = 0; i < KEYS_N; i++) {
		const struct setting *setting = &schema_all[i];
		const char *misfit = (setting->scope == SCOPE_LISTENER || setting->scope == SCOPE_EXTRA) && !setting->only[0]
					     ? schema_misfit(l, setting->key)
					     : NULL;

		if (misfit && origins_is_said_itself(d->settings, l, setting->key))
			issues_add_at(d, l, setting->key, "%s", misfit);
	}
	if ((l->transports & TRANSPORT_UNIXES) != 0 && l->path[0] == '\0' && !draft_is_written(d, l, "path"))
		issues_add_at(d, l, "path", "is missing: a UNIX socket needs one (\"/run/…\" or \"@name\")");
}

/* A header is believed from those in proxy_from only. Datagrams have none: with them on one listener, who asks would be
 * known by two rules. */
static void check_proxy(struct draft *d, const struct listener_settings *l)
{
	const struct session_rules *rules = &l->rules;
	bool is_reported = draft_is_written(d, l, "proxy_from") && !origins_is_said(d->settings, l, "proxy_from");

	if (rules->proxy == PROXY_OFF || (l->transports & TRANSPORT_STREAMS) == 0)
		return;
	if ((l->transports & ~(unsigned)TRANSPORT_STREAMS) != 0)
		issues_add_at(d, l, "proxy", "is for the transports tcp and unix only (another listener for others)");
	if ((l->transports & TRANSPORT_TCP) != 0 && rules->proxy_from_n == 0 && !is_reported)
		issues_add_at(d, l, "proxy_from", "is missing: with proxy it says which balancers are believed");
}

/* Both are known before the first client: a clock that cannot be asked, and an answer that makes a flood larger. */
static void check_clock(struct draft *d, const struct listener_settings *l)
{
	if (l->options.require_sync && schema_has(schema_find(SCOPE_LISTENER, "require_sync"), l->service->name) &&
	    clock_status_now().state == CLOCK_UNKNOWN)
		issues_add_at(d, l, "require_sync", "the kernel does not say whether the clock is synchronised (false)");
	if (strcmp(l->service->name, "daytime") == 0 && (l->transports & TRANSPORT_UDP) != 0) {
		size_t longest = daytime_format_longest(l->options.format, l->options.zone);

		if (longest > SVC_BRIEF_MAX)
			issues_add_at(d, l, "format", "can make %zu bytes, too many for an answer over udp (%d at most)",
				      longest, SVC_BRIEF_MAX);
	}
}

static void check_stamp(struct draft *d, const struct listener_settings *l)
{
	const struct stamp_options *o = &l->options.stamp;

	if (strcmp(l->service->name, "stamp") != 0)
		return;
	if (o->sessions == STAMP_LISTED && l->admission.acl.allow_n == 0 && !draft_is_written(d, l, "allow"))
		issues_add_at(d, l, "allow", "is missing: sessions = \"list\" answers those in it (or sessions = \"open\")");
	if (o->timestamp == STAMP_PTP && o->ptp_timescale == STAMP_TAI && clock_status_now().tai_offset_s == 0)
		issues_add_at(d, l, "ptp_timescale",
			      "is TAI, and nobody has told the kernel how far that is from UTC (\"utc\")");
}

/* Faults that only datagrams can have, of a listener that has sessions, would be believed to be done to these too. */
static void check_impair(struct draft *d, const struct listener_settings *l)
{
	static const struct {
		const char *key;
		enum impairment_fault fault;
	} of_datagrams[] = {
		{ "impair.drop", IMPAIRMENT_DROP },       { "impair.duplicate", IMPAIRMENT_DUPLICATE },
		{ "impair.corrupt", IMPAIRMENT_CORRUPT }, { "impair.truncate", IMPAIRMENT_TRUNCATE },
		{ "impair.reorder", IMPAIRMENT_REORDER },
	};

	for (size_t i = 0; (l->transports & TRANSPORT_SESSIONS) != 0 && i < array_n(of_datagrams); i++)
		if (l->impair.drawn.share_ppm[of_datagrams[i].fault] != 0)
			issues_add_at(d, l, of_datagrams[i].key,
				      "is for the transports udp and unixgram only (another listener for others)");
	if ((l->transports & TRANSPORT_SESSIONS) == 0 && l->impair.close_after_bytes != 0)
		issues_add_at(d, l, "impair.close_after", "is for the transports tcp, unix and unixpacket only");
}

/* tcpmux can hand a session to nothing but another TCP listener. */
static void check_names(struct draft *d, const struct listener_settings *l)
{
	const struct settings *s = d->settings;

	for (size_t i = 0; strcmp(l->service->name, "tcpmux") == 0 && i < l->options.names_n; i++) {
		const char *name = l->options.names[i], *near = NULL;
		bool found = false;

		for (size_t k = 0; k < s->listeners_n; k++) {
			const struct listener_settings *other = &s->listeners[k];

			if (!other->enabled || (other->transports & TRANSPORT_TCP) == 0 || !other->service ||
			    other->service == l->service)
				continue;
			found = found || strcmp(other->name, name) == 0;
			near = text_nearer(name, near, other->name);
		}
		if (!found)
			issues_add_at(d, l, "services", "\"%.64s\" is the name of no enabled tcp listener%s%s%s", name,
				      near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	}
}

static void check_metrics(struct draft *d)
{
#ifndef HAVE_MICROHTTPD
	if (d->settings->metrics.address.text[0] != '\0')
		issues_add(d, origins_top(d->settings, "metrics.address"), "metrics.address",
			   "this program was built without metrics");
#else
	(void)d;
#endif
}

/* Only of listeners that are enabled: others may be unfinished. */
static void check_listener(struct draft *d, const struct listener_settings *l)
{
	check_transports(d, l);
	check_unix(d, l);
	check_proxy(d, l);
	check_clock(d, l);
	check_stamp(d, l);
	check_impair(d, l);
	check_names(d, l);
}

/* The caps on a UNIX socket's sources and the like need no rule: they are simply not used. */
void check_all(struct draft *d)
{
	const struct settings *s = d->settings;
	const struct item *listeners = items_find(d->items, "listeners");
	struct origin at = { 0 };
	size_t enabled_n = 0;

	for (size_t i = 0; i < s->pools_n; i++)
		check_pool(d, i);
	check_workers(d);
	check_metrics(d);
	for (size_t i = 0; i < s->listeners_n; i++) {
		if (!s->listeners[i].service)
			continue; /* has been reported */
		enabled_n += s->listeners[i].enabled;
		if (s->listeners[i].enabled)
			check_listener(d, &s->listeners[i]);
	}
	for (size_t i = 0; i < s->spares_n; i++)
		check_listener(d, &s->listeners[s->listeners_n + i]);
	if (s->listeners_n == 0 && (!listeners || listeners->kind == ITEM_LIST) && !items_find(d->items, "listeners.[0]"))
		issues_add(d, &at, "listeners", "there are none (listeners = ( { service = \"echo\"; } ); serves one)");
	else if (s->listeners_n > 0 && enabled_n == 0 && d->report->errors_n == 0)
		issues_add(d, &at, "listeners", "none is enabled, nothing would be served");
	clash_find(d);
	public_rules_check(d); /* last: warnings shall take no error's room */
}
