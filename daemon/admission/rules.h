/* SPDX-License-Identifier: MIT */
/* The rules that a listener's settings have about whom it serves, and how much. Filled by settings/, read-only
 * afterwards. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "admission/acl.h"
#include "admission/hours.h"
#include "admission/ports.h"
#include "admission/rate.h"

struct admission_rules {
	struct acl acl;
	const struct ports *allow_ports; /* source ports that are answered though they look like a server's; NULL: none */
	struct rate udp_rate;            /* datagrams answered, of one source                                     */
	struct rate session_rate;        /* new sessions, of one source                                           */
	uint32_t max_sessions;           /* 0: no limit, as for all that follow                                   */
	uint32_t max_sessions_per_source;
	uint32_t max_datagram;  /* longer ones are dropped                                               */
	uint32_t amplification; /* thousandths of a request's length that its answer over UDP may be long */
	uint32_t answer_min;    /* bytes of an answer that any request may have; 0: amplification alone counts */
	uint16_t server_port;   /* a source port that is answered whatever server's it is; 0: none             */
	uint32_t max_load;      /* thousandths of a load average; 0: no limit                            */
	struct hours hours;     /* of the listener's zone                                                */
	bool dry_run;           /* rates and caps of the listener are counted, not enforced              */
};
