/* SPDX-License-Identifier: MIT */
/*
 * The checks before a datagram is answered. A server that answers whatever comes is what makes two servers answer each other
 * for ever, or one of them answer a whole network (CVE-1999-0103, CVE-2024-2169).
 */
#include <sys/socket.h>

#include "session/gate.h"

/* Sent to this host, and to nobody else. A destination that is not known could be anybody's. */
static bool is_for_us(const struct gate_packet *p)
{
	if (addr_is_multicast(&p->destination))
		return false;
	/* Of a broadcast the kernel names another local address than the header's; IPv6 has none. */
	return p->destination.family == AF_INET6 ||
	       (p->destination.family == AF_INET && addr_same_host(&p->destination, &p->local));
}

/* RFC 1122 §3.2.1.3: addresses that a host never sends from. */
static bool is_of_a_host(const struct addr *a, bool over_loopback)
{
	if (a->family != AF_INET && a->family != AF_INET6)
		return false;
	if (addr_is_loopback(a))
		return over_loopback;
	if (a->family == AF_INET)
		return a->bytes[0] != 0 && a->bytes[0] < 224;
	return !addr_is_any(a) && !addr_is_multicast(a);
}

/* What concerns IP alone. A UNIX socket's peer has no address to forge. */
static enum refusal check_addresses(const struct gate_packet *p)
{
	if (!is_for_us(p))
		return REFUSED_BROADCAST;
	if (!is_of_a_host(&p->source, p->over_loopback))
		return REFUSED_SOURCE_ADDRESS;
	return p->source.port == 0 ? REFUSED_SOURCE_PORT : REFUSED_NOT;
}

enum refusal gate_check(const struct session_rules *rules, const struct gate_packet *p)
{
	enum refusal r = REFUSED_NOT;

	if (p->truncated)
		return REFUSED_TRUNCATED;
	if (rules->max_datagram != 0 && p->length > rules->max_datagram)
		return REFUSED_OVERSIZE;
	if (p->transport == TRANSPORT_UDP)
		r = check_addresses(p);
	if (r == REFUSED_NOT && !acl_allows(&rules->acl, &p->source))
		r = REFUSED_ACL;
	return r;
}
