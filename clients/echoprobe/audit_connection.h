/* SPDX-License-Identifier: MIT */
/* A connection of an audit. */
#pragma once

#include "echoprobe/audit_wire.h"

/* Connects, says what is asked and listens, until the server ends, enough has come, or nothing moves for the plan's
 * time-out. Completes *h, whose memory is the wire's. */
void audit_connection_exchange(struct audit_wire *w, const struct audit_ask *a, struct audit_heard *h);
