/* SPDX-License-Identifier: MIT */
/*
 * What the supervisor looks at once a second: the clock, heartbeats, late resolvers, idle sessions in full pools, lost
 * listeners, refusals to log, the service manager.
 */
#pragma once

#include "supervisor/supervisor.h"

#define WATCH_NS (1 * CLOCK_S_NS)

void watch(struct supervisor *s);

/* A line for `systemctl status`: what happened since the last look, and why the last reload was refused if it was. */
void watch_tell_status(const struct supervisor *s);

/* The row is about to be another listener's: logs what it would have told later of it, then it starts from nothing. */
void watch_forget(struct supervisor *s, uint32_t row);

/* At the end: logs what it would have told later. */
void watch_end(struct supervisor *s);
