/* SPDX-License-Identifier: MIT */
/* Public rules: what a listener may not serve to everybody: the table of dangers, and their report. */
#include "settings/public_rules.h"

#include <string.h>

#include "base/text.h"
#include "settings/issues.h"

#define ADVICE " (an `allow` list, a loopback address, or acknowledge_public = true)"

#define LEADS_THERE                                                                                                         \
	"is missing: through tcpmux everybody reaches a listener, hostname or one that impairs, that needs a list of who "  \
	"may ask (`allow` here or there, `services` without it, or acknowledge_public = true)"

#define BEHIND_PROXY 0u /* a stream whose clients a balancer brings: where it listens says nothing of them */

static const struct danger {
	const char *service;
	unsigned transport; /* or BEHIND_PROXY */
	bool on_loopback;   /* even there */
	enum public_rule rule;
	const char *why;
} dangers[] = {
	{ "hostname", TRANSPORT_UDP, true, PUBLIC_REFUSED,
	  "is missing: hostname over UDP answers a forged source, and needs a list of who may ask (or acknowledge_public = "
	  "true)" },
	{ "hostname", BEHIND_PROXY, true, PUBLIC_REFUSED,
	  "is missing: behind a balancer hostname looks names up for whoever gets there, and needs a list of who may ask "
	  "(or "
	  "acknowledge_public = true)" },
	{ "hostname", TRANSPORT_TCP, false, PUBLIC_REFUSED,
	  "is missing: hostname looks names up for whoever asks, an open resolver by another name (RFC 5358); on an address "
	  "that is not loopback it needs a list of who may ask (or acknowledge_public = true)" },
	{ "tcpmux", BEHIND_PROXY, true, PUBLIC_REFUSED, LEADS_THERE },
	{ "tcpmux", TRANSPORT_TCP, false, PUBLIC_REFUSED, LEADS_THERE },
	{ "chargen", TRANSPORT_UDP, false, PUBLIC_REFUSED,
	  "is missing: chargen over UDP is what floods are made of (TA14-017A, CVE-1999-0103)" ADVICE },
	{ "qotd", TRANSPORT_UDP, false, PUBLIC_REFUSED,
	  "is missing: qotd over UDP sends quotes to forged sources (TA14-017A)" ADVICE },
	{ "info", TRANSPORT_UDP, false, PUBLIC_REFUSED,
	  "is missing: info over UDP tells forged sources of this host" ADVICE },
	{ "stamp", TRANSPORT_UDP, false, PUBLIC_REFUSED,
	  "is missing: with sessions = \"open\" stamp over UDP answers forged sources" ADVICE },
	{ "echo", TRANSPORT_UDP, false, PUBLIC_WARNED,
	  "is missing: echo over UDP answers forged sources, within `udp_rate` each and `limits.udp_answers` "
	  "together" ADVICE },
	{ "time", TRANSPORT_UDP, false, PUBLIC_WARNED,
	  "is missing: time over UDP answers forged sources, within `udp_rate` each and `limits.udp_answers` "
	  "together" ADVICE },
	{ "daytime", TRANSPORT_UDP, false, PUBLIC_WARNED,
	  "is missing: daytime over UDP answers forged sources, within `udp_rate` each and `limits.udp_answers` "
	  "together" ADVICE },
};

static const char why_impaired[] = "is missing: with `impair` this listener does not do what its service is for" ADVICE;

/* A stream that a balancer brings comes from anywhere. */
static bool is_reached_by_others(const struct listener_settings *l, struct public_socket socket)
{
	return socket.is_public || (l->rules.proxy != PROXY_OFF && (socket.transport & TRANSPORT_STREAMS));
}

static bool is_listed(const struct listener_settings *l)
{
	return l->admission.acl.allow_n > 0 || l->acknowledge_public;
}

bool public_rules_let_impair(const struct listener_settings *l, struct public_socket socket)
{
	return is_listed(l) || !(is_reached_by_others(l, socket) || l->is_led_to);
}

/* Whether clients of one listener come to another by its name. tcpmux never names another tcpmux. */
static bool leads_to(const struct listener_settings *from, const struct listener_settings *to)
{
	if (!to->enabled || !to->service || to->service == from->service || !(to->transports & TRANSPORT_TCP))
		return false;
	for (size_t i = 0; i < from->options.names_n; i++)
		if (strcmp(to->name, from->options.names[i]) == 0)
			return true;
	return false;
}

/* Whether tcpmux names a listener that is refused where everybody reaches it; wherever that one listens itself. */
static bool leads_to_danger(const struct settings *all, const struct listener_settings *l)
{
	const struct public_socket everywhere = { .transport = TRANSPORT_TCP, .is_public = true };
	const char *why;

	for (size_t i = 0; i < all->listeners_n; i++)
		if (leads_to(l, &all->listeners[i]) &&
		    public_rules_of(all, &all->listeners[i], everywhere, &why) == PUBLIC_REFUSED)
			return true;
	return false;
}

enum public_rule public_rules_of(const struct settings *all, const struct listener_settings *l, struct public_socket socket,
				 const char **ret_why)
{
	unsigned reached = l->rules.proxy != PROXY_OFF && (socket.transport & TRANSPORT_STREAMS) ? BEHIND_PROXY
												 : socket.transport;

	if (is_listed(l))
		return PUBLIC_ALLOWED;
	if (l->impairs && is_reached_by_others(l, socket)) {
		*ret_why = why_impaired;
		return PUBLIC_REFUSED;
	}
	for (size_t i = 0; i < array_n(dangers); i++) {
		const struct danger *d = &dangers[i];

		if (reached != d->transport || strcmp(l->service->name, d->service) != 0 ||
		    (!socket.is_public && !d->on_loopback))
			continue;
		if (strcmp(d->service, "stamp") == 0 && l->options.stamp.sessions == STAMP_LISTED)
			continue; /* answers nobody without a list */
		if (strcmp(d->service, "tcpmux") == 0 && !leads_to_danger(all, l))
			continue;
		*ret_why = d->why;
		return d->rule;
	}
	return PUBLIC_ALLOWED;
}

static bool is_public(const struct listener_settings *l)
{
	for (size_t i = 0; i < l->addresses_n; i++) {
		const struct listener_address *a = &l->addresses[i];

		if (a->kind == LISTENER_ADDRESS_ANY || (a->kind == LISTENER_ADDRESS_ONE && !addr_is_loopback(&a->addr)))
			return true;
	}
	return false;
}

/* One issue a listener: what refuses it, or else what warns. */
static void check_listener(struct draft *d, const struct listener_settings *l)
{
	static const enum transport transports[] = { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_UNIX };
	enum public_rule worst = PUBLIC_ALLOWED;
	const char *why = NULL;

	for (size_t i = 0; i < array_n(transports); i++) {
		struct public_socket socket = { .transport = transports[i],
						.is_public = transports[i] != TRANSPORT_UNIX && is_public(l) };
		const char *one = NULL;
		enum public_rule p = PUBLIC_ALLOWED;

		if (l->transports & transports[i])
			p = public_rules_of(d->settings, l, socket, &one);
		if (p > worst) {
			worst = p;
			why = one;
		}
	}
	if (worst == PUBLIC_REFUSED)
		issues_add_at(d, l, "allow", "%s", why);
	else if (worst == PUBLIC_WARNED)
		issues_warn_at(d, l, "allow", "%s", why);
}

/* Marks the listeners to which one leads that anybody may ask. */
static void mark_led_to(struct settings *s, const struct listener_settings *from)
{
	const struct public_socket socket = { .transport = TRANSPORT_TCP, .is_public = is_public(from) };

	for (size_t i = 0; !is_listed(from) && is_reached_by_others(from, socket) && i < s->listeners_n; i++)
		s->listeners[i].is_led_to |= leads_to(from, &s->listeners[i]);
}

void public_rules_check(struct draft *d)
{
	struct settings *s = d->settings;

	for (size_t i = 0; i < s->listeners_n; i++)
		if (s->listeners[i].enabled && s->listeners[i].service) {
			mark_led_to(s, &s->listeners[i]);
			check_listener(d, &s->listeners[i]);
		}
}
