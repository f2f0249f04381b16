/* SPDX-License-Identifier: MIT */
/*
 * A worker process: start-up, the supervisor's words, the main loop. Everything but what an admitted connection meets is
 * the same under all three models.
 *
 * Flow: acceptor.c takes a connection and has it admitted; the model (fork.c, prefork.c, event.c) says who serves it;
 * client.c moves its bytes through session/ and service/. datagram.c does the same for sockets without connections.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "net/listener.h"
#include "admission/rate_limits.h"
#include "admission/shares.h"
#include "settings/settings.h"
#include "worker/buffers.h"
#include "worker/sandbox.h"
#include "shared/shared.h"
#include "worker/channel.h"

/* Why a session is asked to end: table_slot.kill. */
enum kill_mark { KILL_NOT, KILL_KILLED, KILL_DRAIN, KILL_IDLE, KILL_ROOM };

/* What all workers of a generation inherit. Read-only for them. */
struct worker_plan {
	const struct settings *settings;
	struct listener *listeners; /* of the generation; each process owns its copies of the descriptors */
	size_t listeners_n;
	_Atomic uint32_t *readers; /* shared: per listener, the record of the one process that reads this datagram socket */
	struct shared *shared;
	const struct table *table;
	const struct rate_limits *limits; /* their words are shared, and handed on from generation to generation */
	const struct pool_deaths *census;
	struct shares asked; /* who has how many questions under way; its words are shared. Without: no shares */
	uint32_t gauges;     /* the first of its pools' gauges                                      */
	uint32_t generation;
	int life_fd;      /* reads end of file when the supervisor is dead                       */
	int questions_fd; /* where lookups are asked                                             */
};

#define WORKER_READERS_BYTES (LISTENER_MAX * sizeof(_Atomic uint32_t)) /* of plan.readers */

struct acceptor;
struct lookup_client_line;
struct client;
struct datagrams;
struct worker_model;

struct worker {
	const struct worker_plan *plan;
	const struct pool_settings *pool;
	const struct worker_model *model;
	uint32_t pool_index;
	uint32_t record_index;
	uint32_t pid; /* its own */
	struct record *record;
	struct counters *counters; /* [row] */
	struct gauge *gauge;
	struct loop loop;
	struct loop_source channel;
	struct loop_source life;
	struct loop_timer beat;
	struct buffers buffers;

	struct client *clients;           /* storage of `clients_cap` */
	size_t clients_cap, clients_used; /* used: ever */
	struct client *free_clients;
	struct client *lingering_first, *lingering_last; /* the oldest first */
	uint32_t lingering_n;
	uint8_t *states; /* clients_cap × WORKER_STATE_STRIDE */

	uint32_t sessions; /* open now, lingering ones not counted (fork: children) */
	uint32_t capacity;
	uint64_t served;
	bool going, draining, leaving;
	bool counted_idle; /* in the gauge */
	bool blocked;      /* it cannot serve another one for now, whatever its capacity */
	bool is_alone;     /* it serves one session and leaves: the fork model's child, inetd style */
	bool is_reaped;    /* is_alone: it leaves freeing its slot to whoever reaps it, and closing to the kernel */
	int over_fd;       /* is_alone: an eventfd to be told when the connection outlives its session; −1: none */

	struct acceptor *acceptor;
	struct lookup_client_line *line; /* questions that wait */
	struct datagrams *datagrams;
	uint64_t random_state[2];
};

#define WORKER_BEAT_NS (5 * CLOCK_S_NS)          /* between two signs of life        */
#define WORKER_BEATS_MISSED_NS (15 * CLOCK_S_NS) /* without one: killed by its parent */

/* Neither long ago nor far ahead: a word that says so is not that of a process that does its work. */
static inline bool worker_beat_is_recent(uint64_t beat_ns, uint64_t now_ns)
{
	return (beat_ns < now_ns ? now_ns - beat_ns : beat_ns - now_ns) <= WORKER_BEATS_MISSED_NS;
}

#define WORKER_STATE_STRIDE SVC_STATE_MAX
#define WORKER_PAGE 4096        /* where pages are larger nothing is given back early */
#define WORKER_IN_BYTES 65536   /* read at once */
#define WORKER_OUT_BYTES 49152  /* made at once by a service; with 16 KiB of input it fits one buffer */
#define WORKER_LINE_BYTES 16384 /* read at once for services that are no mirror */

/* Runs a worker of a pool until it is to end; never returns. channel: its end of the socketpair. */
_Noreturn void worker_run(const struct worker_plan *plan, uint32_t pool_index, uint32_t record_index, int channel);

/* What its workers are in the sandbox's terms. */
enum sandbox_role worker_role(const struct pool_settings *pool);

/* A session began or ended: keeps the record, the gauge and the acceptor in step. */
void worker_session_began(struct worker *w);
void worker_session_ended(struct worker *w);
/* A connection that lingered is closed. */
void worker_linger_ended(struct worker *w);

/* Fills what a service may know, but for peer and local. */
void worker_fill_context(struct worker *w, const struct listener *l, struct svc_context *ret);
/* Another ctx->random. */
uint32_t worker_random(struct worker *w);

/* Accepts and reads nothing new from now on; leaves when the last connection is gone. */
void worker_drain(struct worker *w);

/* Writes into the shared record how full the worker is, and opens or shuts its doors accordingly. */
void worker_update(struct worker *w);

/* Tells the supervisor, unless it knows: the pool may have no place left. */
void worker_tell_full(struct worker *w);

/* Seeds ctx->random, and gives its next number. */
void worker_seed(struct worker *w);
uint32_t worker_random(struct worker *w);

/* Ends the process: the supervisor is dead. */
void worker_life_ready(struct loop_source *s, uint32_t events);

/* The descriptors that a process of this pool needs (its listeners, channel, life pipe, …) stay, all others are closed. */
void worker_keep_descriptors(const struct worker_plan *plan, uint32_t pool_index, int channel);
