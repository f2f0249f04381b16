/* SPDX-License-Identifier: MIT */
/* The losses of this host itself: counters of the kernel for all its sockets, before and after a run. A hint only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct ownhost {
	bool known;               /* /proc is there                                                        */
	uint64_t buffer_errors;   /* UDP datagrams for which a socket's buffer had no room                 */
	uint64_t checksum_errors; /* UDP datagrams whose checksum was wrong: the only trace of a flipped bit */
};

/* Of /proc/net/snmp for AF_INET, /proc/net/snmp6 for AF_INET6. */
struct ownhost ownhost_read(int family);

/* The same of texts: what ownhost_read() makes of these files. */
struct ownhost ownhost_parse(int family, const char *text);
