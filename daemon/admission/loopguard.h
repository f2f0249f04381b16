/* SPDX-License-Identifier: MIT */
/*
 * What ends a slow loop between us and any other server that answers whatever comes: now and then one datagram is dropped.
 *
 * A loop is one datagram on its way between two servers; one drop ends it. Nothing tells it from a client that asks, but
 * that it comes from a port that clients are rarely given, that it never ends by itself, and, where the answer is a copy of
 * the request, that it has the same payload round after round; a probe never repeats itself. So of the datagrams from one
 * address and such a port each LOOPGUARD_EVERYth is dropped that has the payload of the one before, or, where answers are
 * our own, of all. A loop through a server that changes what it copies ends at one in LOOPGUARD_EVERY_OTHER. Nobody is
 * silenced for a time: a forged datagram could have anybody silenced then.
 *
 * The counts are words that sources share by a keyed hash, without names: sources that share one are dropped together, so a
 * flood neither hides a loop nor costs a client more than that.
 */
#pragma once

#include <stdint.h>

#include "base/addr.h"
#include "base/siphash.h"

#define LOOPGUARD_EVERY 1024
#define LOOPGUARD_EVERY_OTHER (1U << 21)
#define LOOPGUARD_NONE UINT32_MAX
#define LOOPGUARD_COUNTS 4096 /* 32 KiB */

/* The range that the kernel of most hosts takes a client's port from: net.ipv4.ip_local_port_range. */
#define LOOPGUARD_CLIENTS_FIRST 32768
#define LOOPGUARD_CLIENTS_LAST 60999

/* A process's own, but for the counts. */
struct loopguard {
	struct siphash_key key;
	_Atomic uint64_t *counts; /* [LOOPGUARD_COUNTS], shared, zeroed at first */
};

/* Datagrams in a row from one address and port. */
struct loopguard_datagrams {
	const struct addr *source;
	uint32_t group;                 /* whose counts: the listener's                             */
	uint32_t n;                     /* fewer than LOOPGUARD_EVERY                               */
	uint32_t bytes;                 /* of each                                                  */
	const uint8_t *const *payloads; /* [n]; NULL: whatever they say, the answers are our own    */
};

/* Counts them. Which one is to be dropped, from 0; or LOOPGUARD_NONE. */
uint32_t loopguard_drops(const struct loopguard *g, const struct loopguard_datagrams *d);
