/* SPDX-License-Identifier: MIT */
/* The kinds of settings that are looked up or are many: services, transports, addresses, ports, prefixes, names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "service/service.h"
#include "settings/kinds.h"
#include "settings/value.h"

#define ACCEPTS_STRING (1u << ITEM_STRING | 1u << ITEM_OPTION)
#define ACCEPTS_MANY (ACCEPTS_STRING | 1u << ITEM_ARRAY | 1u << ITEM_LIST)

/* The list of services is short enough to be shown whole. */
static int take_service(const struct given *g)
{
	struct listener_settings *l = g->object;
	const char *near = NULL;

	l->service = service_find(g->texts[0]);
	if (l->service)
		return 0;
	for (size_t i = 0; i < service_table_n; i++)
		near = text_nearer(g->texts[0], near, service_table[i].name);
	text_addf(g->why, "there is no service \"%.64s\"", g->texts[0]);
	if (near)
		text_addf(g->why, ", did you mean \"%s\"?", near);
	for (size_t i = 0; i < service_table_n; i++)
		text_addf(g->why, "%s%s", i == 0 ? " (" : ", ", service_table[i].name);
	text_add(g->why, ")");
	return -EINVAL;
}

static bool print_service(FILE *to, const struct setting *setting maybe_unused, const void *object)
{
	const struct listener_settings *l = object;

	if (!l->service)
		return false;
	kinds_print_string(to, l->service->name);
	return true;
}

/* The array becomes a set: its order means nothing. */
static int take_transports(const struct given *g)
{
	struct listener_settings *l = g->object;

	l->transports = 0;
	for (size_t i = 0; i < g->n; i++) {
		unsigned t = service_transport_from_name(g->texts[i]);

		if (t == 0 || (l->transports & t) != 0) {
			text_addf(g->why,
				  "\"%.64s\" is %s (\"tcp\", \"udp\", \"unix\", \"unixgram\" or \"unixpacket\", each once)",
				  g->texts[i], t == 0 ? "no transport" : "there twice");
			return -EINVAL;
		}
		l->transports |= t;
	}
	return g->n > 0 ? 0 : -EINVAL;
}

/* A text for one, an array for more. */
struct printing {
	FILE *to;
	size_t n, i;
};

static void print_element(struct printing *p, const char *s)
{
	(void)fputs(p->i == 0 ? p->n == 1 ? "" : "[ " : ", ", p->to);
	kinds_print_string(p->to, s);
	p->i++;
	if (p->i == p->n && p->n > 1)
		(void)fputs(" ]", p->to);
}

static bool print_transports(FILE *to, const struct setting *setting maybe_unused, const void *object)
{
	const struct listener_settings *l = object;
	struct printing p = { .to = to, .n = (size_t)__builtin_popcount(l->transports) };

	for (unsigned t = TRANSPORT_TCP; t <= TRANSPORT_UNIXPACKET; t <<= 1)
		if ((l->transports & t) != 0)
			print_element(&p, service_transport_name((enum transport)t));
	return p.n > 0;
}

/* HOST:PORT, as most programs have it. *ret_n: the length of the host. */
static bool has_port(const char *s, size_t *ret_n)
{
	const char *colon = strrchr(s, ':');
	char host[ADDR_TEXT_MAX];
	struct addr addr;
	size_t n = colon ? (size_t)(colon - s) : 0;

	if (n == 0 || n >= sizeof(host) || colon[1] == '\0' || colon[1 + strspn(colon + 1, "0123456789")] != '\0')
		return false;
	*ret_n = n;
	memcpy(host, s, n);
	host[n] = '\0';
	return strcmp(host, "*") == 0 || strcmp(host, "loopback") == 0 || (host[0] == '[' && host[n - 1] == ']') ||
	       (!strchr(host, ':') && addr_parse(host, &addr) == 0);
}

/* A name is refused and not resolved: what it means today need not be what it means at the next reload. */
static int take_address(const struct given *g, const char *s, struct listener_address *ret)
{
	size_t host_n = 0;
	int r = 0;

	*ret = (struct listener_address){ .kind = LISTENER_ADDRESS_ONE };
	if (strcmp(s, "*") == 0)
		ret->kind = LISTENER_ADDRESS_ANY;
	else if (strcmp(s, "loopback") == 0)
		ret->kind = LISTENER_ADDRESS_LOOPBACK;
	else
		r = addr_parse(s, &ret->addr);
	if (r == 0 && ret->kind == LISTENER_ADDRESS_ONE && addr_is_multicast(&ret->addr))
		r = -EINVAL;
	if (r == 0)
		r = text_copy(ret->text, sizeof(ret->text), s);
	if (r == -ENODEV)
		text_addf(g->why, "\"%.80s\": there is no such interface", s);
	else if (r < 0 && has_port(s, &host_n))
		text_addf(g->why, "\"%.80s\" has a port: `port` is a key of its own (address = \"%.*s\"; port = %.5s;)", s,
			  (int)(host_n - 2 * (size_t)(s[0] == '[')), s + (s[0] == '['), s + host_n + 1);
	else if (r < 0)
		text_addf(g->why, "\"%.80s\" is no address (\"*\", \"loopback\", an IPv4 or an IPv6 address; never a name)",
			  s);
	return r;
}

static int take_one_address(const struct given *g)
{
	return take_address(g, g->texts[0], (struct listener_address *)(void *)((char *)g->object + g->setting->offset));
}

static bool print_one_address(FILE *to, const struct setting *setting, const void *object)
{
	const struct listener_address *a = (const void *)((const char *)object + setting->offset);

	if (a->text[0] != '\0')
		kinds_print_string(to, a->text);
	return a->text[0] != '\0';
}

/* addresses_n counts what is valid, so that nobody reads the rest of a list that was refused. */
static int take_addresses(const struct given *g)
{
	struct listener_settings *l = g->object;

	l->addresses_n = 0;
	if (g->n == 0 || g->n > SETTINGS_ADDRESSES_MAX) {
		text_addf(g->why, "there are %zu addresses (1 to %d)", g->n, SETTINGS_ADDRESSES_MAX);
		return -ERANGE;
	}
	for (size_t i = 0; i < g->n; i++) {
		int r = take_address(g, g->texts[i], &l->addresses[i]);

		if (r < 0)
			return r;
		l->addresses_n++;
	}
	return 0;
}

/* The address as written: an interface of a link-local address may have another index after a restart. */
static bool print_addresses(FILE *to, const struct setting *setting maybe_unused, const void *object)
{
	const struct listener_settings *l = object;
	struct printing p = { .to = to, .n = l->addresses_n };

	for (size_t i = 0; i < l->addresses_n; i++)
		print_element(&p, l->addresses[i].text);
	return p.n > 0;
}

/* A number, or a name that the settings reader has looked up. */
static int take_port(const struct given *g)
{
	struct listener_own *own = g->object;
	const struct item *item = items_find_named(g->draft->items, ITEM_PORT, g->texts[0]);
	int64_t v = 0;
	int r = value_integer(g->texts[0], &v);

	if (item && item->number >= 0) {
		v = item->number;
		r = 0;
	}
	if (r == 0 && v >= 0 && v <= UINT16_MAX) {
		own->port = (uint16_t)v;
		return 0;
	}
	if (r == -EINVAL)
		text_addf(g->why, "the services database has no \"%.64s\" (0 to 65535, or a name it has)", g->texts[0]);
	else
		text_addf(g->why, "%.64s is out of range (0 to 65535, or a name of the services database)", g->texts[0]);
	return -ERANGE;
}

/* Without port_offset, which is printed by itself and would be added twice. */
static bool print_port(FILE *to, const struct setting *setting maybe_unused, const void *object)
{
	const struct listener_own *own = object;

	return fprintf(to, "%u", (unsigned)own->port) > 0;
}

/* An empty list is no list: `allow = [ ]` in a listener takes the one of `defaults` away. */
static int take_prefixes(const struct given *g, const struct prefix **ret, size_t *ret_n)
{
	struct prefix *list = draft_keep(g->draft, calloc(g->n + 1, sizeof(*list)));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < g->n; i++) {
		int r = prefix_parse(g->texts[i], &list[i]);

		if (r < 0) {
			text_addf(g->why, "\"%.80s\" %s (\"192.0.2.0/24\", \"2001:db8::/32\" or an address)", g->texts[i],
				  r == -ERANGE ? "has bits set beyond its length" : "is no prefix");
			return r;
		}
	}
	*ret = g->n > 0 ? list : NULL;
	*ret_n = g->n;
	return 0;
}

static int take_allow(const struct given *g)
{
	struct listener_settings *l = g->object;

	return take_prefixes(g, &l->admission.acl.allow, &l->admission.acl.allow_n);
}

static int take_deny(const struct given *g)
{
	struct listener_settings *l = g->object;

	return take_prefixes(g, &l->admission.acl.deny, &l->admission.acl.deny_n);
}

static int take_proxy_from(const struct given *g)
{
	struct listener_settings *l = g->object;

	return take_prefixes(g, &l->rules.proxy_from, &l->rules.proxy_from_n);
}

/* An empty list is printed too, for the same reason. */
static bool print_prefixes(FILE *to, const struct prefix *list, size_t n)
{
	struct printing p = { .to = to, .n = n };

	for (size_t i = 0; i < n; i++) {
		char storage[ADDR_TEXT_MAX + 8];
		struct text t = TEXT_OVER(storage);

		prefix_add_text(&t, &list[i]);
		print_element(&p, t.at);
	}
	return n > 0 || fputs("[ ]", to) >= 0;
}

static bool print_allow(FILE *to, const struct setting *setting maybe_unused, const void *object)
{
	const struct listener_settings *l = object;

	return print_prefixes(to, l->admission.acl.allow, l->admission.acl.allow_n);
}

static bool print_deny(FILE *to, const struct setting *setting maybe_unused, const void *object)
{
	const struct listener_settings *l = object;

	return print_prefixes(to, l->admission.acl.deny, l->admission.acl.deny_n);
}

static bool print_proxy_from(FILE *to, const struct setting *setting maybe_unused, const void *object)
{
	const struct listener_settings *l = object;

	return print_prefixes(to, l->rules.proxy_from, l->rules.proxy_from_n);
}

/* Whether there are such listeners is known when all are read (check.c). */
static int take_names(const struct given *g)
{
	struct listener_settings *l = g->object;
	const char **list = draft_keep(g->draft, calloc(g->n + 1, sizeof(*list)));

	for (size_t i = 0; list && i < g->n; i++) {
		list[i] = draft_text(g->draft, g->texts[i]);
		if (!list[i])
			return -ENOMEM;
	}
	l->options.names = list;
	l->options.names_n = g->n;
	return list ? 0 : -ENOMEM;
}

static bool print_names(FILE *to, const struct setting *setting maybe_unused, const void *object)
{
	const struct listener_settings *l = object;
	struct printing p = { .to = to, .n = l->options.names_n };

	for (size_t i = 0; i < l->options.names_n; i++)
		print_element(&p, l->options.names[i]);
	return p.n > 0 || fputs("[ ]", to) >= 0;
}

static int take_ssids(const struct given *g)
{
	struct listener_settings *l = g->object;
	uint16_t *ssids = g->n > 0 ? draft_keep(g->draft, calloc(g->n, sizeof(*ssids))) : NULL;

	if (g->n > 0 && !ssids)
		return -ENOMEM;
	for (size_t i = 0; i < g->n; i++) {
		int64_t v = 0;

		if (value_integer(g->texts[i], &v) < 0 || v < 0 || v > UINT16_MAX) {
			text_addf(g->why, "\"%.64s\" is no SSID (0 to 65535)", g->texts[i]);
			return -ERANGE;
		}
		ssids[i] = (uint16_t)v;
	}
	l->options.stamp.ssids = ssids;
	l->options.stamp.ssids_n = g->n;
	return 0;
}

static bool print_ssids(FILE *to, const struct setting *setting maybe_unused, const void *object)
{
	const struct stamp_options *o = &((const struct listener_settings *)object)->options.stamp;

	(void)fputc('[', to);
	for (size_t i = 0; i < o->ssids_n; i++)
		(void)fprintf(to, "%s%u", i == 0 ? " " : ", ", o->ssids[i]);
	return fputs(" ]", to) >= 0;
}

#define KIND_MANY(text, reader, writer)                                                                                     \
	{                                                                                                                   \
		.wanted = text, .accepts = ACCEPTS_MANY, .many = true, .take = reader, .print = writer                      \
	}

const struct kind kinds_SERVICE = { "the name of a service", ACCEPTS_STRING, .take = take_service, .print = print_service };
const struct kind kinds_PORT = {
	.wanted = "0 to 65535, or a name of the services database",
	.accepts = ACCEPTS_STRING | 1u << ITEM_INTEGER,
	.take = take_port,
	.print = print_port,
};
const struct kind kinds_TRANSPORTS = KIND_MANY(
	"\"tcp\", \"udp\", \"unix\", \"unixgram\", \"unixpacket\" or an array of these", take_transports, print_transports);
const struct kind kinds_ADDRESS = { "\"*\", \"loopback\" or an address", ACCEPTS_STRING, .take = take_one_address,
				    .print = print_one_address };
const struct kind kinds_ADDRESSES = KIND_MANY("\"*\", \"loopback\", an address or an array of these", take_addresses,
					      print_addresses);
const struct kind kinds_ALLOW = KIND_MANY("an array of prefixes", take_allow, print_allow);
const struct kind kinds_DENY = KIND_MANY("an array of prefixes", take_deny, print_deny);
const struct kind kinds_PROXY_FROM = KIND_MANY("an array of prefixes", take_proxy_from, print_proxy_from);
const struct kind kinds_SSIDS = {
	.wanted = "an array of SSIDs: [ 1, 4660 ]",
	.accepts = ACCEPTS_MANY | 1u << ITEM_INTEGER,
	.many = true,
	.take = take_ssids,
	.print = print_ssids,
};
const struct kind kinds_NAMES = KIND_MANY("an array of listeners' names", take_names, print_names);
