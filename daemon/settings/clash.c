/* SPDX-License-Identifier: MIT */
/* Listeners that cannot all be there: found here, with the lines of both, and not when the second one cannot be bound. */
#include "settings/clash.h"

#include <string.h>

#include "base/text.h"
#include "settings/issues.h"

/* The addresses behind one as written. */
struct expanded {
	struct addr addrs[2];
	size_t n;
};

/* "*" is both families' any, which addr_is_any() then knows. */
static struct expanded expand(const struct listener_address *a)
{
	if (a->kind == LISTENER_ADDRESS_ONE)
		return (struct expanded){ { a->addr }, 1 };
	if (a->kind == LISTENER_ADDRESS_LOOPBACK)
		return (struct expanded){ { addr_loopback_v4, addr_loopback_v6 }, 2 };
	return (struct expanded){ { addr_any_v4, addr_any_v6 }, 2 };
}

/* Whether two addresses cannot be bound to one port: the same, or one of them is all of the other's family. */
static bool overlap(const struct listener_address *a, const struct listener_address *b)
{
	struct expanded x = expand(a), y = expand(b);

	for (size_t i = 0; i < x.n; i++)
		for (size_t k = 0; k < y.n; k++)
			if (x.addrs[i].family == y.addrs[k].family &&
			    (addr_is_any(&x.addrs[i]) || addr_is_any(&y.addrs[k]) ||
			     addr_same_host(&x.addrs[i], &y.addrs[k])))
				return true;
	return false;
}

/* The first address of l that overlaps one of o; within one listener, one that comes before it. */
static const struct listener_address *find_overlap(const struct listener_settings *l, const struct listener_settings *o)
{
	for (size_t i = 0; i < l->addresses_n; i++)
		for (size_t k = 0; k < (l == o ? i : o->addresses_n); k++)
			if (overlap(&l->addresses[i], &o->addresses[k]))
				return &l->addresses[i];
	return NULL;
}

/* An IPv6 socket that also takes IPv4 ("::" with v6only off) is rare enough to be found when it is bound. */
static void check_sockets(struct draft *d, const struct listener_settings *l, const struct listener_settings *o)
{
	unsigned both = l->transports & o->transports & ((unsigned)TRANSPORT_TCP | TRANSPORT_UDP);
	const struct listener_address *a;

	if (both == 0 || l->port == 0 || l->port != o->port || strcmp(l->socket.interface, o->socket.interface) != 0)
		return;
	a = find_overlap(l, o);
	if (!a)
		return;
	if (l == o)
		issues_add_at(d, l, "address", "\"%s\" is there already, by itself or in another of the list", a->text);
	else
		issues_add_at(d, l, "address", "\"%s\" port %u over %s is taken by the listener at %s:%u", a->text,
			      (unsigned)l->port, (both & TRANSPORT_TCP) != 0 ? "tcp" : "udp", o->file, o->line);
}

static void check_paths(struct draft *d, const struct listener_settings *l, const struct listener_settings *o)
{
	unsigned mine = l->transports & TRANSPORT_UNIXES, theirs = o->transports & TRANSPORT_UNIXES;

	if (mine == 0 || theirs == 0 || l->path[0] == '\0' || strcmp(l->path, o->path) != 0)
		return;
	/* Abstract names are apart by transport, paths are not. */
	if (l == o && l->path[0] != '@' && __builtin_popcount(mine) > 1)
		issues_add_at(d, l, "path", "one path cannot be the socket of several transports (a listener for each)");
	else if (l != o && (l->path[0] != '@' || (mine & theirs) != 0))
		issues_add_at(d, l, "path", "\"%s\" is taken by the listener at %s:%u", l->path, o->file, o->line);
}

/* One fault for a pair: two listeners of one name mostly have one port as well. */
static void check_pair(struct draft *d, const struct listener_settings *l, const struct listener_settings *o)
{
	if (l != o && (l->transports & o->transports) != 0 && strcmp(l->name, o->name) == 0) {
		issues_add_at(d, l, "name", "\"%s\" is also the name of the listener at %s:%u (unique for each transport)",
			      l->name, o->file, o->line);
		return;
	}
	check_sockets(d, l, o);
	check_paths(d, l, o);
}

/* Each with those before it and with itself; the first clash of a listener is enough. */
void clash_find(struct draft *d)
{
	const struct settings *s = d->settings;

	for (size_t i = 0; i < s->listeners_n; i++) {
		size_t before = d->report->errors_n;

		for (size_t k = 0; k <= i && d->report->errors_n == before; k++)
			if (s->listeners[i].enabled && s->listeners[k].enabled && s->listeners[i].service &&
			    s->listeners[k].service)
				check_pair(d, &s->listeners[i], &s->listeners[k]);
	}
}
