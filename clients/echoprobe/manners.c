/* SPDX-License-Identifier: MIT */
/* Manners: how much may be sent to whom without a word that it is allowed. */
#include "echoprobe/manners.h"

#include <assert.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

bool manners_is_public(const struct addr *a)
{
	static const char *const private[] = { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
					       "fc00::/7" };

	if (a->family == AF_UNIX || addr_is_loopback(a) || addr_is_link_local(a))
		return false;
	for (size_t i = 0; i < array_n(private); i++) {
		struct prefix p;
		int r = prefix_parse(private[i], &p);

		assert(r == 0);
		if (prefix_holds(&p, a))
			return false;
	}
	return true;
}

/* Whether the plan sends more than MANNERS_PUBLIC_RATE; whole packets an interval, so that nothing is rounded. */
static bool is_fast(const struct plan *plan)
{
	uint64_t packets;

	if (plan->interval_ns == 0 || __builtin_mul_overflow(plan->burst, plan->flows, &packets))
		return true;
	return packets > plan->interval_ns / (CLOCK_S_NS / MANNERS_PUBLIC_RATE) &&
	       (packets > UINT64_MAX / CLOCK_S_NS || packets * CLOCK_S_NS > MANNERS_PUBLIC_RATE * plan->interval_ns);
}

int manners_check(const struct plan *plan, const struct addr *target, struct text *why)
{
	if (addr_is_multicast(target)) {
		text_add(why, "is a multicast address: many would answer, and none of them was asked");
		return -EPERM;
	}
	if (plan->interval_ns < MANNERS_INTERVAL_NS && !plan->flood) {
		text_add(why, "more than 1,000 packets a second need --flood");
		return -EPERM;
	}
	if (is_fast(plan) && !plan->own_host && manners_is_public(target)) {
		text_addf(why, "is a public address: more than %d packets a second there need --i-own-this-host",
			  MANNERS_PUBLIC_RATE);
		return -EPERM;
	}
	return 0;
}

bool manners_is_prohibition(int family, uint8_t type, uint8_t code)
{
	if (family == AF_INET6)
		return type == ICMP6_DST_UNREACH && code == ICMP6_DST_UNREACH_ADMIN;
	return type == ICMP_DEST_UNREACH && (code == ICMP_NET_ANO || code == ICMP_HOST_ANO || code == ICMP_PKT_FILTERED);
}
