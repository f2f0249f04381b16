/* SPDX-License-Identifier: MIT */
/*
 * Housekeeping, once a second: the clock, heartbeats, late resolvers, idle sessions in full pools, lost
 * listeners, refusals to log, the service manager.
 */
#pragma once

#include <stdbool.h>

#include "supervisor/core.h"

#define HOUSEKEEPING_NS (1 * CLOCK_S_NS)

void housekeeping(struct supervisor *s);

/* Looks for sockets that no client reaches any more (generation/lost.h), unless they are about to change hands. at_once:
 * what is lost is bound anew, though that was tried just now. */
void housekeeping_sockets(struct supervisor *s, bool at_once);

/* A line for `systemctl status`: what happened since the last look, and why the last reload was refused if it was. */
void housekeeping_tell_status(const struct supervisor *s);
