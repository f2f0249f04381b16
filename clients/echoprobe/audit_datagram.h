/* SPDX-License-Identifier: MIT */
/* A datagram of an audit, and its answers. */
#pragma once

#include "echoprobe/audit_wire.h"

/* Sends one from a port of its own, and listens: for an answer until the plan's time-out, and behind it for another
 * one until the next packet is due. Completes *h, whose memory is the wire's. */
void audit_datagram_exchange(struct audit_wire *w, const struct audit_ask *a, struct audit_heard *h);
