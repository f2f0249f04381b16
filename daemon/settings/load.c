/* SPDX-License-Identifier: MIT */
/*
 * What follows from other values: names, ports, pools, and the zones, quotes and host tables that the settings name.
 *
 * The bytes of zones and files were read by the settings reader; here they become what the services use, each once.
 */
#include "settings/load.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "service/hosttable.h"
#include "service/quotes.h"
#include "settings/assign.h"
#include "settings/issues.h"
#include "settings/load_file.h"
#include "settings/load_stamp.h"
#include "settings/origins.h"

/* The private part of a listener stands at the same index. */
static struct listener_own *own_of(const struct draft *d, const struct listener_settings *l)
{
	return &d->settings->own->listeners[l - d->settings->listeners];
}

/* The zone of one item of the list. NULL if it is no table of spans, or without memory. */
static struct zone *make_zone(struct draft *d, const struct item *item)
{
	size_t n = item->value_n / sizeof(struct zone_span);
	struct zone *z;

	if (n < 1 || n > ZONE_SPANS_MAX || item->value_n % sizeof(struct zone_span) != 0)
		return NULL;
	z = draft_keep(d, calloc(1, sizeof(*z)));
	if (!z)
		return NULL;
	z->spans = draft_keep(d, malloc(item->value_n));
	if (!z->spans || text_copy(z->name, sizeof(z->name), item->path) < 0)
		return NULL;
	memcpy(z->spans, item->value, item->value_n);
	z->spans_n = (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		z->spans[i].abbreviation[sizeof(z->spans[i].abbreviation) - 1] = '\0';
	return z;
}

/* UTC needs no table, so a host without a tz database can serve the shipped file. */
static void load_zone(struct draft *d, struct listener_settings *l)
{
	const struct item *item = items_find_named(d->items, ITEM_ZONE, l->timezone);
	struct loaded *entry;

	l->options.zone = &zone_utc;
	if (strcmp(l->timezone, zone_utc.name) == 0)
		return;
	if (!item || item->number < 0) {
		issues_add_at(d, l, "timezone", "\"%s\" is no zone of this host's tz database (\"UTC\", \"Europe/Rome\")",
			      l->timezone);
		return;
	}
	entry = load_file_entry(d, l->timezone);
	if (entry && !entry->zone)
		entry->zone = make_zone(d, item);
	if (entry && entry->zone)
		l->options.zone = entry->zone;
}

/* Bad quotes are the file's fault, with the line there; the key says which file. */
static void load_quotes(struct draft *d, struct listener_settings *l)
{
	struct listener_own *own = own_of(d, l);
	const char *name = own->quotes_file;
	const struct item *item;
	struct loaded *entry;
	struct lines_fault fault = { 0 };
	int r = 0;

	if (!name || *name == '\0') {
		if (name || !draft_is_written(d, l, "file"))
			issues_add_at(d, l, "file", "is missing: qotd needs the file of its quotes");
		return;
	}
	item = load_file_find(d, l, ITEM_QUOTES, "file", name);
	entry = item ? load_file_entry(d, name) : NULL;
	if (!entry)
		return;
	if (!entry->quotes)
		r = quotes_parse(item->value, item->value_n, &entry->quotes, &fault);
	if (r == -ENOMEM)
		d->no_memory = true;
	else if (r < 0)
		issues_add_at(d, l, "file", "%.200s:%u: %s", name, fault.line, fault.why);
	l->options.quotes = entry->quotes;
	own->quotes_file = load_file_absolute(d, name);
}

/* An empty name is none: so a listener can do without the table of `defaults`. */
static void load_table(struct draft *d, struct listener_settings *l)
{
	struct listener_own *own = own_of(d, l);
	const char *name = own->table_file;
	const struct item *item;
	struct loaded *entry;
	struct lines_fault fault = { 0 };
	int r = 0;

	if (!name || *name == '\0')
		return;
	item = load_file_find(d, l, ITEM_TABLE, "table", name);
	entry = item ? load_file_entry(d, name) : NULL;
	if (!entry)
		return;
	if (!entry->table)
		r = hosttable_parse(&(struct hosttable_source){ item->value, item->value_n, item->mtime_unix_s },
				    &entry->table, &fault);
	if (r == -ENOMEM)
		d->no_memory = true;
	else if (r < 0)
		issues_add_at(d, l, "table", "%.200s:%u: %s", name, fault.line, fault.why);
	l->options.table = entry->table;
	own->table_file = load_file_absolute(d, name);
}

/* tcpmux without `services`: every other TCP listener that is enabled. */
static void load_names(struct draft *d, struct listener_settings *l)
{
	const struct settings *s = d->settings;
	const char **names = draft_keep(d, calloc(s->listeners_n + 1, sizeof(*names)));
	size_t n = 0;

	for (size_t i = 0; names && i < s->listeners_n; i++) {
		const struct listener_settings *other = &s->listeners[i];

		if (other->enabled && other->service && other->service != l->service &&
		    (other->transports & TRANSPORT_TCP) != 0)
			names[n++] = other->name;
	}
	l->options.names = names;
	l->options.names_n = names ? n : 0;
}

/* The pool of a name: its index, or pools_n. */
static uint32_t find_pool(const struct settings *s, const char *name)
{
	uint32_t i = 0;

	while (i < s->pools_n && strcmp(s->pools[i].name, name) != 0)
		i++;
	return i;
}

/* For -T. A pool that `defaults` names need not be the one in effect: it may serve no datagrams. */
static void settle_pool_name(struct draft *d, struct listener_settings *l)
{
	uint32_t i = (l->transports & TRANSPORT_SESSIONS) != 0 ? l->pool_stream : l->pool_datagram;
	const char *name = d->settings->pools[i].name;
	struct listener_own *own = own_of(d, l);

	if (origins_is_said_itself(d->settings, l, "pool") || strcmp(own->pool, name) == 0)
		return;
	(void)snprintf(own->pool, sizeof(own->pool), "%s", name);
	*origins_listener(d->settings, l, "pool") = (struct origin){ 0 };
}

/* The pools of a listener's sessions and datagrams. Datagrams are the event model's: another pool serves the sessions
 * alone. */
static void load_pool(struct draft *d, struct listener_settings *l)
{
	struct settings *s = d->settings;
	const char *name = own_of(d, l)->pool, *near = NULL;
	uint32_t i = find_pool(s, name);

	l->pool_stream = find_pool(s, "prefork");
	l->pool_datagram = find_pool(s, "event");
	if (i < s->pools_n) {
		l->pool_stream = i;
		if (s->pools[i].model == POOL_EVENT)
			l->pool_datagram = i;
	} else if (*name != '\0') {
		for (size_t k = 0; k < s->pools_n; k++)
			near = text_nearer(name, near, s->pools[k].name);
		issues_add_at(d, l, "pool", "there is no pool \"%s\"%s%s%s", name, near ? ", did you mean \"" : "",
			      near ? near : "", near ? "\"?" : "");
		return;
	}
	settle_pool_name(d, l);
	if (draft_is_spare(s, l))
		return;
	if (l->enabled && (l->transports & TRANSPORT_SESSIONS) != 0)
		s->pools[l->pool_stream].used = true;
	if (l->enabled && (l->transports & TRANSPORT_DATAGRAMS) != 0)
		s->pools[l->pool_datagram].used = true;
}

/* An IPv6 socket of an address is that one's alone; of "*" it serves both families. */
static void load_v6only(struct draft *d, struct listener_settings *l)
{
	if (origins_is_said(d->settings, l, "v6only"))
		return;
	l->socket.v6only = true;
	for (size_t i = 0; i < l->addresses_n; i++)
		if (l->addresses[i].kind == LISTENER_ADDRESS_ANY)
			l->socket.v6only = false;
}

/* The values of a listener's service where the listener does not say them. */
static void load_service(struct draft *d, struct listener_settings *l)
{
	struct listener_own *own = own_of(d, l);

	if (!l->service) {
		struct where w = origins_where(d->settings, l, "");
		const struct item *item = items_find(d->items, w.path);

		if (!draft_is_written(d, l, "service") && item && item->kind == ITEM_GROUP)
			issues_add_at(d, l, "service", "is missing (a listener serves one protocol)");
		return;
	}
	if (l->name[0] == '\0')
		(void)snprintf(l->name, sizeof(l->name), "%s", l->service->name);
	if (!origins_is_said(d->settings, l, "transport"))
		l->transports = l->service->transports;
	if (!origins_is_said(d->settings, l, "port"))
		own->port = l->service->port;
	l->port = own->port == 0 ? 0 : (uint16_t)(own->port + d->settings->port_offset);
	if (own->port != 0 && own->port + d->settings->port_offset > UINT16_MAX)
		issues_add_at(d, l, "port", "%u and the port_offset of %u are more than 65535", (unsigned)own->port,
			      (unsigned)d->settings->port_offset);
	/* A path, or an address, in `defaults` is for those that can use it. */
	if (!origins_is_said_itself(d->settings, l, "path") && (l->transports & TRANSPORT_UNIXES) == 0)
		l->path[0] = '\0';
}

/* A pool of a new name has nothing to take its model from. */
static void report_no_model(struct draft *d, const struct pool_settings *p)
{
	char path[SETTINGS_NAME_MAX + 16];
	const struct item *item;
	struct origin at = { 0 };

	(void)snprintf(path, sizeof(path), "pools.%s.model", p->name);
	if (items_find(d->items, path))
		return; /* there, but wrong: it has been reported */
	(void)snprintf(path, sizeof(path), "pools.%s", p->name);
	item = items_find(d->items, path);
	if (item)
		at = assign_origin(item);
	issues_add(d, &at, path, "has no model (\"fork\", \"prefork\" or \"event\")");
}

/* A default is never in the way of what was said: `max_workers = 2` alone is enough for a small pool. */
static void fit_prefork(struct settings *s, size_t pool)
{
	struct pool_settings *p = &s->pools[pool];
	uint32_t *const fields[] = { &p->max_spare, &p->min_spare, &p->start };
	static const char *const keys[] = { "max_spare", "min_spare", "start" };
	uint32_t most = p->max_workers;

	for (size_t i = 0; i < array_n(keys); i++) {
		if (!origins_pool(s, pool, keys[i])->file && *fields[i] > most)
			*fields[i] = most;
		if (i == 0 && p->max_spare < most)
			most = p->max_spare;
	}
}

/* CPUs that this process may use, not those of the host: a container has its share. */
static void load_pools(struct draft *d)
{
	cpu_set_t cpus;
	int cpus_n = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : 1;

	for (size_t i = 0; i < d->settings->pools_n; i++) {
		struct pool_settings *p = &d->settings->pools[i];

		if (p->model == POOL_PREFORK)
			fit_prefork(d->settings, i);
		else if (!origins_pool(d->settings, i, "max_sessions")->file)
			p->max_sessions = p->model == POOL_FORK ? 256 : 65536;
		if (p->model == POOL_EVENT && p->workers == 0)
			p->workers = p->max_sessions < (uint32_t)cpus_n ? p->max_sessions : (uint32_t)cpus_n;
		if (!origins_has_model(d->settings, i))
			report_no_model(d, p);
	}
}

/* Services before everything: the names that tcpmux takes by default are those of all listeners. */
void load_all(struct draft *d)
{
	struct settings *s = d->settings;

	if (s->host_name[0] == '\0' && gethostname(s->host_name, sizeof(s->host_name) - 1) < 0)
		(void)snprintf(s->host_name, sizeof(s->host_name), "localhost");
	load_pools(d);
	for (size_t i = 0; i < s->listeners_n + s->spares_n; i++)
		load_service(d, &s->listeners[i]);
	for (size_t i = 0; i < s->listeners_n + s->spares_n; i++) {
		struct listener_settings *l = &s->listeners[i];

		l->file = own_of(d, l)->at.file;
		l->line = own_of(d, l)->at.line;
		if (!l->service)
			continue;
		l->impairs = impair_does_anything(&l->impair);
		load_pool(d, l);
		load_v6only(d, l);
		load_zone(d, l);
		if (strcmp(l->service->name, "tcpmux") == 0 && !origins_is_said(d->settings, l, "services"))
			load_names(d, l);
		if (l->enabled && strcmp(l->service->name, "qotd") == 0)
			load_quotes(d, l);
		if (l->enabled && strcmp(l->service->name, "hostname") == 0)
			load_table(d, l);
		if (l->enabled && strcmp(l->service->name, "stamp") == 0)
			load_stamp(d, l);
	}
}
