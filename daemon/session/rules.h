/* SPDX-License-Identifier: MIT */
/* What a listener's settings say about its sessions and datagrams. Filled by settings/, read-only afterwards. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "session/acl.h"
#include "session/ports.h"
#include "session/proxy.h"
#include "session/rate.h"

struct session_rules {
	uint64_t idle_timeout_ns;      /* no byte in either direction; 0: no limit, as for all that follow */
	uint64_t idle_timeout_busy_ns; /* the same while the pool is full                                  */
	uint64_t session_timeout_ns;   /* a whole session                                                  */
	uint64_t request_timeout_ns;   /* SVC_REQUEST services: the whole line, from accept                */
	uint64_t max_bytes;            /* in one direction                                                 */
	uint64_t pace_bytes_per_s;     /* SVC_PACED services: what one session is sent                     */
	uint32_t max_sessions;
	uint32_t max_sessions_per_source;
	uint32_t max_datagram;           /* longer ones are dropped                                               */
	uint32_t amplification;          /* thousandths of a request's length that its answer over UDP may be long */
	struct rate udp_rate;            /* datagrams answered, of one source                                     */
	struct rate session_rate;        /* new sessions, of one source                                           */
	const struct ports *allow_ports; /* source ports that are answered though they look like a server's; NULL: none */
	bool dry_run;                    /* rates and caps of the listener are counted, not enforced              */
	struct acl acl;
	enum proxy_mode proxy;           /* streams: a header of the PROXY protocol comes first */
	const struct prefix *proxy_from; /* from whom it is believed; borrowed                  */
	size_t proxy_from_n;
};
