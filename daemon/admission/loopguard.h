/* SPDX-License-Identifier: MIT */
/*
 * What ends a slow loop between us and any other server that answers whatever comes: now and then one datagram is dropped.
 *
 * A loop is one datagram on its way between two servers. Nothing tells it from a client that asks, but that it comes from
 * a port that clients are rarely given, and that it never ends by itself; one drop ends it. So of the datagrams in a row
 * from one address and such a port each LOOPGUARD_EVERYth is dropped. Nobody is silenced for a time: a forged datagram
 * could have anybody silenced then.
 *
 * The counts are words that sources share by a keyed hash, without names: sources that share one are dropped one in 1,024
 * together, so a flood neither hides a loop nor costs a client more than that.
 */
#pragma once

#include <stdint.h>

#include "base/addr.h"
#include "base/siphash.h"

#define LOOPGUARD_EVERY 1024
#define LOOPGUARD_NONE UINT32_MAX
#define LOOPGUARD_COUNTS 16384 /* 32 KiB */

/* Where the kernel of most hosts takes a client's port from: net.ipv4.ip_local_port_range. */
#define LOOPGUARD_CLIENTS_FIRST 32768
#define LOOPGUARD_CLIENTS_LAST 60999

/* A process's own, but for the counts. */
struct loopguard {
	struct siphash_key key;
	_Atomic uint16_t *counts; /* [LOOPGUARD_COUNTS], shared, zeroed at first */
};

/* Counts n datagrams from there, fewer than LOOPGUARD_EVERY. Which of them is to be dropped, from 0; or LOOPGUARD_NONE. */
uint32_t loopguard_drops(const struct loopguard *g, const struct addr *source, uint32_t group, uint32_t n);
