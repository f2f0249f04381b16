/* SPDX-License-Identifier: MIT */
/* Functions that the parts of the engine call of each other: engine.c, engine_traffic.c, engine_result.c, and the
 * carriers. */
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

/* Whether packets are due so often that several leave at a wake-up, which costs more than any of them. */
bool engine_is_fast(const struct engine *e);

/* Makes a moment of CLOCK_MONOTONIC one of UTC. */
struct timespec engine_wall(int64_t mono_ns, int64_t clock_ns);

/* A flow's connection is made, or has failed: when none is left to wait for, the first packet is due. */
void engine_connected(struct engine *e);

/* Looks whether all is over, and when packets time out next. */
void engine_settle(struct engine *e);

/* Sending packet seq was begun late by so much. */
void engine_count_late(struct engine_flow *f, uint64_t seq, int64_t late_ns);

/* Sending failed for a reason. */
void engine_count_fault(struct engine *e, int error);

/* Counts an answer and tells whoever watches; *p is what is known of it, but for what the track knows. */
void engine_take_answer(struct engine_flow *f, const struct track_answer *answer, struct result_packet *p);

/* Counts an ICMP error and tells whoever watches; one that prohibits ends the sending. */
void engine_take_icmp(struct engine *e, const struct errqueue_message *m);

/* Likewise all that a connection's socket has, which has failed; after that its error is no longer to be had. */
void engine_take_errors(struct engine *e, int fd);

/* Tells whoever watches of a packet. */
void engine_tell(struct engine *e, const struct result_packet *packet);

/* A flow's socket is connected, which was begun at that time. */
void engine_count_connected(struct engine_flow *f, uint64_t began_ns);

/* Adds what is known of all connections to a result. */
void engine_report_connections(struct engine *e, struct result *ret);
