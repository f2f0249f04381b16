/* SPDX-License-Identifier: MIT */
/* The rules that a listener's settings have about the life of its sessions. Filled by settings/, read-only afterwards. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "session/proxy.h"

struct session_rules {
	uint64_t idle_timeout_ns;        /* no byte in either direction; 0: no limit, as for all that follow */
	uint64_t idle_timeout_busy_ns;   /* the same while the pool is full                                  */
	uint64_t session_timeout_ns;     /* a whole session                                                  */
	uint64_t request_timeout_ns;     /* SVC_REQUEST services: the whole line, from accept                */
	uint64_t max_bytes;              /* in one direction                                                 */
	uint64_t close_after_bytes;      /* of answers, on purpose: it ends when it has sent so many         */
	uint64_t pace_bytes_per_s;       /* SVC_PACED services: what one session is sent                     */
	enum proxy_mode proxy;           /* streams: a header of the PROXY protocol comes first              */
	const struct prefix *proxy_from; /* from whom it is believed; borrowed                             */
	size_t proxy_from_n;
};
