/* SPDX-License-Identifier: MIT */
/* Sets of port numbers, and the ports whose owners answer by themselves. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct ports {
	uint64_t words[1024]; /* a bit a port */
};

void ports_add(struct ports *p, uint16_t port);
bool ports_has(const struct ports *p, uint16_t port); /* NULL: an empty set */

/* Ports of likely servers, which take an answer for a question: all ports under 1024, and known services
 * of UDP above (SSDP, NFS, SIP, mDNS, games, …). No client of ours has such a port by chance but one that was given it. */
bool ports_responds(uint16_t port);
