/* SPDX-License-Identifier: MIT */
/* The packet that an ICMP error is about, by as much of it as the router quoted. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "echoprobe/engine.h"
#include "echoprobe/errqueue.h"

/* Finds it among those of the engine that are remembered. False: it cannot be told, as of a connection, of packets that
 * have no number, and of packets too short to name their flow where there are several. */
bool quoted_packet(const struct engine *e, const struct errqueue_message *m, uint32_t *ret_flow,
		   uint64_t *ret_seq) must_check;
