/* SPDX-License-Identifier: MIT */
/*
 * The test of one target: packets leave by the schedule, answers are given to the packets they belong to,
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
#include "echoprobe/whole_seconds.h"

#define ENGINE_TIMERS 3 /* of each engine in the loop */
#define ENGINE_FAULTS 8 /* reasons why sending failed that are told apart */

struct engine;
struct engine_flow;
struct exchange;
struct stream;

/* Whoever wants to know at once; NULL functions are not called. */
struct engine_watch {
	void (*packet)(struct engine_watch *watch, const struct engine *e, const struct result_packet *packet);
	void (*icmp)(struct engine_watch *watch, const struct engine *e, const struct result_icmp *error,
		     const struct errqueue_message *m);
};

/* The work that is due at a wake-up: packets in a row, on each flow. */
struct engine_turn {
	uint64_t due_ns[BATCH_MAX];
	unsigned n;
};

/* The carrier of packets: as datagrams, or as messages of a connection. */
struct engine_carrier {
	/* 0, or -errno and the sentence. */
	int (*open)(struct engine_flow *f, const struct target_source *from, struct text *why);
	/* 0: packets may be sent; 1: it connects first, and says engine_connected(); or -errno. */
	int (*start)(struct engine_flow *f);
	/* Sends what is due. NULL: nothing is due by the schedule; begin() is called once, and sends then and whenever an
	 * answer comes or fails to come, until it calls engine_stop(). */
	void (*send)(struct engine_flow *f, const struct engine_turn *turn);
	void (*begin)(struct engine_flow *f);
	/* Nothing more is sent; NULL: nobody needs to know. */
	void (*stop)(struct engine_flow *f);
	/* Whether nothing more can come; NULL: that is never known. */
	bool (*is_done)(const struct engine_flow *f);
	void (*report)(struct engine *e, struct result *ret); /* NULL: nothing */
	void (*close)(struct engine_flow *f);
};

struct engine_flow {
	struct loop_source source; /* its socket's */
	struct engine *engine;
	union {
		struct { /* datagrams */
			struct flow socket;
			struct stamps stamps;
			uint32_t dropped; /* by its socket's buffer, as the kernel counts */
		};
		struct stream *stream;     /* engine_stream.c: messages in one connection */
		struct exchange *exchange; /* engine_exchange.c: a connection a message   */
	};
	uint16_t port; /* that it sends from; 0: none */
	struct track track;
	struct tally tally;
	uint16_t index;
	int ttl;       /* of the last answer; -1: none yet              */
	void *session; /* the test's (struct probe_session); NULL: none */
	void *memory;  /* the track's                                  */
	size_t memory_bytes;
};

enum engine_phase { ENGINE_CONNECTING, ENGINE_SENDING, ENGINE_WAITING, ENGINE_OVER };

struct engine_fault {
	int error; /* errno; 0: this and all behind are free */
	uint64_t n;
};

struct engine {
	const struct plan *plan;
	const struct engine_carrier *carrier;
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
	bool placed;         /* the packet that is due next was put off to when it is best sent */
	bool unix_datagrams; /* messages to a UNIX socket of that type */
	uint64_t planned;    /* packets of each flow, with those of the warm-up and of the sizes before */
	uint32_t size_bytes; /* of packets now: the plan's, or the one in turn                          */
	uint32_t size_i;     /* its number                                                              */
	struct timespec started_at;
	uint64_t started_ns, last_sent_ns, ended_ns;

	struct engine_flow *flows;
	size_t flows_n;
	size_t connecting_n; /* of them */

	/* Figures of all flows. */
	struct tally total, interval;
	struct histogram lateness, receive_delay;
	struct icmp_errors icmp;
	struct result_tcp tcp;
	struct whole_seconds whole_seconds; /* the time test */
	struct result_time time;
	char said[512];      /* the last answer, where it is a text */
	uint64_t connect_ns; /* sum of all connects */
	struct engine_fault faults[ENGINE_FAULTS];
	uint8_t asked_for[BATCH_MAX]; /* what the server was asked to do to each packet of a turn: struct pending_slot */
	struct ownhost before;
	uint64_t send_stamps, receive_stamps; /* that measured an answer */
	uint64_t send_missing, receive_missing, steps;
	struct result_scope *scopes; /* of flows, then of sizes, for the result */
	struct tally *sizes;         /* of each size; NULL: there is one        */
	struct notes notes;
};

/* By e->plan, carrier and target, which the caller has set in an engine that is else zeroed. The plan is the caller's for as
 * long as the engine is, as are loop and batch. 0, or -errno and the sentence. */
int engine_open(struct engine *e, struct text *why) must_check;

/* Sends the first packet in this turn of the loop, or the next. 0 or -errno. */
int engine_start(struct engine *e, struct loop *loop, struct batch *batch, struct engine_watch *watch) must_check;

/* Sends nothing more; what is under way is waited for. */
void engine_stop(struct engine *e, enum result_end why);

bool engine_is_over(const struct engine *e);

/* The findings so far; ret points into the engine. */
void engine_result(struct engine *e, struct result *ret);

/* The events since engine_begin_interval(); ret points into the engine. */
void engine_begin_interval(struct engine *e);
void engine_take_interval(const struct engine *e, struct result_scope *ret);

void engine_close(struct engine *e);
