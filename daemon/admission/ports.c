/* SPDX-License-Identifier: MIT */
/* Sets of port numbers, and the ports whose owners answer by themselves. */
#include "admission/ports.h"

#include <stddef.h>

#define FIRST_UNPRIVILEGED 1024
#define WORD_BITS 64

void ports_add(struct ports *p, uint16_t port)
{
	p->words[port / WORD_BITS] |= UINT64_C(1) << port % WORD_BITS;
}

bool ports_has(const struct ports *p, uint16_t port)
{
	return p && (p->words[port / WORD_BITS] >> port % WORD_BITS & 1) != 0;
}

bool ports_responds(uint16_t port)
{
	if (port < FIRST_UNPRIVILEGED)
		return true;
	switch (port) {
	case 1900:  /* SSDP                 */
	case 2049:  /* NFS                  */
	case 3283:  /* Apple Remote Desktop */
	case 3389:  /* RDP                  */
	case 3478:  /* STUN, TURN           */
	case 3702:  /* WS-Discovery         */
	case 5060:  /* SIP                  */
	case 5093:  /* Sentinel             */
	case 5351:  /* NAT-PMP              */
	case 5353:  /* mDNS                 */
	case 5683:  /* CoAP                 */
	case 10001: /* Ubiquiti             */
	case 11211: /* memcached            */
	case 27015: /* Steam                */
	case 27960: /* Quake                */
	case 33848: /* Jenkins              */
	case 37810: /* Dahua                */
	case 47808: /* BACnet               */
		return true;
	default:
		return false;
	}
}
