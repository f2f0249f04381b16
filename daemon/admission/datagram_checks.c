/* SPDX-License-Identifier: MIT */
/*
 * The checks before a datagram is answered. A server that answers whatever comes is what makes two servers answer each other
 * for ever, or one of them answer a whole network (CVE-1999-0103, CVE-2024-2169).
 */
#include "admission/datagram_checks.h"

#include <sys/socket.h>

/* Sent to this host, and to nobody else. A destination that is not known could be anybody's. */
static bool is_for_us(const struct checked_packet *p)
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

/* Nobody who waits for an answer sends from there. */
static bool is_of_a_client(const struct admission_rules *rules, const struct ports *served, uint16_t port)
{
	if (port != 0 && port == rules->server_port)
		return true;
	if (port == 0 || ports_has(served, port))
		return false;
	return !ports_responds(port) || ports_has(rules->allow_ports, port);
}

/* The checks that concern IP alone. */
static enum refusal check_addresses(const struct admission_rules *rules, const struct ports *served,
				    const struct checked_packet *p)
{
	if (!is_for_us(p))
		return REFUSED_BROADCAST;
	if (!is_of_a_host(&p->source, p->over_loopback))
		return REFUSED_SOURCE_ADDRESS;
	return is_of_a_client(rules, served, p->source.port) ? REFUSED_NOT : REFUSED_SOURCE_PORT;
}

enum refusal datagram_checks_all(const struct admission_rules *rules, const struct ports *served,
				 const struct checked_packet *p)
{
	enum refusal r = REFUSED_NOT;

	if (p->truncated)
		return REFUSED_TRUNCATED;
	if (rules->max_datagram != 0 && p->length > rules->max_datagram)
		return REFUSED_OVERSIZE;
	if (p->transport == TRANSPORT_UDP)
		r = check_addresses(rules, served, p);
	else if (p->is_ours)
		r = REFUSED_SOURCE_ADDRESS;
	if (r == REFUSED_NOT && !acl_allows(&rules->acl, &p->source))
		r = REFUSED_ACL;
	return r;
}

uint32_t datagram_checks_answer_max(const struct admission_rules *rules, const struct service *service,
				    const struct checked_packet *p)
{
	uint64_t most = (uint64_t)p->length * rules->amplification / 1000;

	if (p->transport != TRANSPORT_UDP || rules->amplification == 0)
		return UINT32_MAX;
	if ((service->traits & SVC_BRIEF) && most < SVC_BRIEF_MAX)
		return SVC_BRIEF_MAX;
	if (most < rules->answer_min)
		return rules->answer_min;
	return most < UINT32_MAX ? (uint32_t)most : UINT32_MAX;
}
