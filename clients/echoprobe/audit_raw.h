/* SPDX-License-Identifier: MIT */
/* A datagram of an audit from port 0, which the kernel gives to nobody: by a raw socket, which root alone may have. */
#pragma once

#include "echoprobe/audit_wire.h"

/* Sends one from port 0, and listens for an answer to it until the plan's time-out. Completes *h, whose memory is the
 * wire's; EPERM in h->error: no raw socket may be had. */
void audit_raw_exchange(struct audit_wire *w, struct audit_heard *h);
