/* SPDX-License-Identifier: MIT */
/*
 * May this datagram be answered? The checks that come before its service sees it, cheapest first, as one pure function.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "service/service.h"
#include "admission/refusal.h"
#include "admission/rules.h"

/* The worker's knowledge of a datagram. */
struct checked_packet {
	enum transport transport;
	struct addr source;      /* from recvmsg, unmapped; for unixgram AF_UNIX                                     */
	struct addr destination; /* the header's destination address (ipi_addr, ipi6_addr); AF_UNSPEC where unknown  */
	struct addr local;       /* this host's address that it came to (ipi_spec_dst; IPv6: the same as destination) */
	bool over_loopback;      /* it arrived on the loopback interface                                             */
	bool is_ours;            /* unixgram: a socket of this daemon sent it                                        */
	bool truncated;          /* MSG_TRUNC                                                                        */
	uint32_t length;         /* bytes                                                                            */
	const uint8_t *const *payloads; /* those of a row that are alike in all of this; the checks do not look at them */
};

/* In this order: truncated; longer than max_datagram; destination not an address of this host (broadcast, multicast);
 * source address not a host's (0/8, 224/4, 240/4 with 255.255.255.255, ::, ff00::/8; 127/8 and ::1 from elsewhere than
 * loopback), or over unixgram a socket of our own; source port 0, one that this daemon serves, or a server's that the rules
 * do not allow, unless it is the rules' server_port; the access lists.
 * served: the UDP ports of this daemon: two of its listeners, or it and another like it, would answer each other for ever.
 * RFC 1122 §3.2.1.3, §4.1.3.6; RFC 768. REFUSED_NOT: it may be answered. */
enum refusal datagram_checks_all(const struct admission_rules *rules, const struct ports *served,
				 const struct checked_packet *p);

/* The number of bytes that a datagram of this length may be answered with, whoever forged its source. */
uint32_t datagram_checks_answer_max(const struct admission_rules *rules, const struct service *service,
				    const struct checked_packet *p);
