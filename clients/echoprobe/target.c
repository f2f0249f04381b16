/* SPDX-License-Identifier: MIT */
/* From a HOST of the command line to the address that is tested. */
#include "echoprobe/target.h"

#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "echoprobe/probe.h"

static void free_addresses(struct addrinfo **list)
{
	if (*list)
		freeaddrinfo(*list);
}

static int read_port(const struct plan *plan, const char *written, uint16_t *ret, struct text *why)
{
	const char *word = written[0] != '\0' ? written : plan->port ? plan->port : plan->probe->port;
	const struct servent *known;
	uint64_t number = 0;
	int r;

	if (!word) {
		text_addf(why, "%s has no port of its own: say -p, or HOST:PORT", plan->probe->name);
		return -EINVAL;
	}
	r = units_number(word, 1, UINT16_MAX, &number);
	if (r == -ERANGE) {
		text_addf(why, "%s is no port: they go from 1 to 65535", word);
		return -EINVAL;
	}
	if (r == 0) {
		*ret = (uint16_t)number;
		return 0;
	}
	known = getservbyname(word, plan->transport == PLAN_TCP ? "tcp" : "udp");
	if (!known) {
		text_addf(why, "no service of the name %s in /etc/services", word);
		return -ENOENT;
	}
	*ret = ntohs((uint16_t)known->s_port);
	return 0;
}

static const char *family_name(int family)
{
	return family == AF_INET ? "IPv4 " : family == AF_INET6 ? "IPv6 " : "";
}

static int look_up(const struct plan *plan, struct target *t, struct text *why)
{
	struct addrinfo hints = { .ai_family = plan->family, .ai_socktype = SOCK_DGRAM };
	cleanup_with(free_addresses) struct addrinfo *list = NULL;
	int r = getaddrinfo(t->name, NULL, &hints, &list);

	if (r == EAI_AGAIN) {
		text_addf(why, "%s: no name server answers", t->name);
		return -EAGAIN;
	}
	if (r != 0) {
		text_addf(why, "%s: %s", t->name, r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
		return -ENOENT;
	}
	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		struct addr addr = addr_from_sockaddr(a->ai_addr, a->ai_addrlen);

		if (addr.family == AF_UNSPEC)
			continue;
		if (t->addresses_n++ == 0)
			t->addr = addr;
	}
	if (t->addresses_n > 0)
		return 0;
	text_addf(why, "%s has no %saddress", t->name, family_name(plan->family));
	return -ENOENT;
}

int target_resolve(const struct plan *plan, const char *word, struct target *ret, struct text *why)
{
	struct units_host host;
	struct target t = { 0 };
	int r;

	if (plan->transport == PLAN_UNIX) {
		*ret = (struct target){ .addr.family = AF_UNIX, .addresses_n = 1 };
		return text_copy(ret->name, sizeof(ret->name), word);
	}
	r = units_host(word, &host);

	if (r < 0) {
		text_addf(why, "\"%s\" is no host: say NAME, NAME:PORT, an address, or [IPv6 address]:PORT", word);
		return -EINVAL;
	}
	r = text_copy(t.name, sizeof(t.name), host.host);
	if (r == 0)
		r = look_up(plan, &t, why);
	if (r == 0)
		r = read_port(plan, host.port, &t.addr.port, why);
	if (r == 0)
		*ret = t;
	return r;
}

int target_source(const struct plan *plan, int family, struct target_source *ret, struct text *why)
{
	struct target_source s = { .addr.family = AF_UNSPEC };

	if (family == AF_UNIX) {
		*ret = s;
		return 0;
	}
	if (plan->source && addr_parse(plan->source, &s.addr) < 0) {
		if (if_nametoindex(plan->source) == 0) {
			text_addf(why, "-I takes an address or an interface of this host, and %s is neither", plan->source);
			return -EINVAL;
		}
		s.interface = plan->source;
	}
	if (s.addr.family != AF_UNSPEC && s.addr.family != family) {
		text_addf(why, "from %s nothing goes to an address of the other family", plan->source);
		return -EINVAL;
	}
	*ret = s;
	return 0;
}
