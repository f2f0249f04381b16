/* SPDX-License-Identifier: MIT */
/* What the parts of the engine call of each other: engine.c, engine_send.c, engine_receive.c, engine_result.c. */
#pragma once

#include "echoprobe/engine.h"

/* Both clocks at one moment. */
struct engine_now {
	int64_t mono_ns;
	int64_t clock_ns; /* wall clock - CLOCK_MONOTONIC */
};
struct engine_now engine_now(void);

/* Sends on every flow what is due, and sets the timer for what is next. */
void engine_send_due(struct engine *e);

/* Reads what a flow's socket has: its error queue, then answers. */
void engine_receive(struct engine_flow *f, uint32_t events);
void engine_read_errors(struct engine_flow *f);

/* Makes a moment of CLOCK_MONOTONIC one of UTC. */
struct timespec engine_wall(int64_t mono_ns, int64_t clock_ns);

/* Looks whether all is over, and when packets time out next. */
void engine_settle(struct engine *e);

/* Tells whoever watches of a packet. */
void engine_tell(struct engine *e, const struct result_packet *packet);
