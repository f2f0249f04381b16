/* SPDX-License-Identifier: MIT */
/*
 * The test of one target with datagrams: packets leave by the schedule, answers are given to the packets they belong to,
 * and packets without one time out.
 *
 * Flow: engine_open() takes all memory and opens the sockets; engine_start() begins; then the loop turns until
 * engine_is_over(); engine_result() says what came of it. Several engines may share a loop and a batch.
 */
#pragma once

#include <net/if.h>

#include "base/attr.h"
#include "base/loop.h"
#include "base/text.h"
#include "echoprobe/batch.h"
#include "echoprobe/flow.h"
#include "echoprobe/icmp.h"
#include "echoprobe/notes.h"
#include "echoprobe/ownhost.h"
#include "echoprobe/payload.h"
#include "echoprobe/result.h"
#include "echoprobe/schedule.h"
#include "echoprobe/stamps.h"
#include "echoprobe/target.h"
#include "echoprobe/track.h"

#define ENGINE_TIMERS 3 /* of each engine in the loop */
#define ENGINE_FAULTS 8 /* reasons why sending failed that are told apart */

struct engine;

/* Whoever wants to know at once; NULL functions are not called. */
struct engine_watch {
	void (*packet)(struct engine_watch *watch, const struct engine *e, const struct result_packet *packet);
	void (*icmp)(struct engine_watch *watch, const struct engine *e, const struct result_icmp *error);
};

struct engine_flow {
	struct loop_source source; /* its socket's */
	struct engine *engine;
	struct flow socket;
	struct stamps stamps;
	struct track track;
	struct tally tally;
	uint16_t index;
	int ttl;          /* of the last answer; -1: none yet              */
	uint32_t dropped; /* by its socket's buffer, as the kernel counts */
	void *memory;     /* the track's                                  */
	size_t memory_bytes;
};

enum engine_phase { ENGINE_SENDING, ENGINE_WAITING, ENGINE_OVER };

struct engine_fault {
	int error; /* errno; 0: this and all behind are free */
	uint64_t n;
};

struct engine {
	const struct plan *plan;
	struct target target;
	struct addr source; /* AF_UNSPEC: not known */
	char interface[IF_NAMESIZE];
	struct loop *loop;
	struct batch *batch;
	struct engine_watch *watch; /* NULL: nobody */

	enum engine_phase phase;
	enum result_end ended_by;
	struct loop_timer send, expiry, end;
	struct payload payload;
	struct schedule schedule;
	uint64_t planned; /* packets of each flow, with those of the warm-up */
	struct timespec started_at;
	uint64_t started_ns, last_sent_ns, ended_ns;

	struct engine_flow *flows;
	size_t flows_n;

	/* Figures of all flows. */
	struct tally total;
	struct histogram lateness, receive_delay;
	struct icmp_errors icmp;
	struct engine_fault faults[ENGINE_FAULTS];
	struct ownhost before;
	uint64_t send_stamps, receive_stamps; /* that measured an answer */
	uint64_t send_missing, receive_missing, steps;
	struct result_scope *scopes; /* of flows, for the result */
	struct notes notes;
};

/* plan, loop and batch are the caller's, for as long as the engine is. 0, or -errno and the sentence. */
int engine_open(struct engine *e, const struct plan *plan, const struct target *target, struct text *why) must_check;

/* Sends the first packet in this turn of the loop, or the next. 0 or -errno. */
int engine_start(struct engine *e, struct loop *loop, struct batch *batch, struct engine_watch *watch) must_check;

/* Sends nothing more; what is under way is waited for. */
void engine_stop(struct engine *e, enum result_end why);

bool engine_is_over(const struct engine *e);

/* What it found out so far; ret points into the engine. */
void engine_result(struct engine *e, struct result *ret);

void engine_close(struct engine *e);
