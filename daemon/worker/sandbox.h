/* SPDX-License-Identifier: MIT */
/* What a process may no longer do, from one line on: one call a role, before the first byte from a client. */
#pragma once

#include <stdint.h>

#include "base/attr.h"

enum sandbox_role { SANDBOX_WORKER, SANDBOX_ACCEPTOR, SANDBOX_RESOLVER, SANDBOX_METRICS, SANDBOX_INETD };

/* Gives up all capabilities and every way to get new ones, core dumps, and memory beyond memory_limit bytes (0: no limit);
 * asks to be killed when the parent dies (inetd style: the parent is somebody else's). 0 or -errno: the process must not
 * serve then. */
int sandbox_enter(enum sandbox_role role, uint64_t memory_limit) must_check;
