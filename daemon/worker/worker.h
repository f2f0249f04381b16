/* SPDX-License-Identifier: MIT */
/*
 * What every worker is: its plan, its place in shared memory, its loop, its sessions, and the phase that it is in.
 *
 * The data of a worker and what all that serves clients does with it; worker_process.h runs it.
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
#include "shared/shared.h"
#include "worker/channel.h"

/* The reasons why a session is asked to end: table_slot.kill. */
enum kill_mark { KILL_NOT, KILL_KILLED, KILL_DRAIN, KILL_IDLE, KILL_ROOM };

/* The plan that all workers of a generation inherit. Read-only for them. */
struct worker_plan {
	const struct settings *settings;
	struct listener *listeners; /* of the generation; each process owns its copies of the descriptors */
	size_t listeners_n;
	_Atomic uint32_t *readers; /* shared: per listener, the record of the one process that reads this datagram socket */
	struct shared *shared;
	const struct table *table;
	const struct rate_limits *limits; /* their words are shared, and handed on from generation to generation */
	const struct pool_deaths *pool_names;
	struct shares asked; /* the questions of each source under way; the words are shared. Without seats: no shares */
	uint32_t gauges;     /* the first of its pools' gauges                                      */
	uint32_t generation;
	uint64_t started_ns; /* the daemon, not the generation                                     */
	int life_fd;         /* reads end of file when the supervisor is dead                       */
	int questions_fd;    /* where lookups are asked                                             */
};

#define WORKER_READERS_BYTES (LISTENER_MAX * sizeof(_Atomic uint32_t)) /* of plan.readers */

struct acceptor;
struct lookup_client_line;
struct client;
struct datagrams;
struct worker_model;

/* The phases of a worker's life, each after the one before. */
enum worker_phase {
	WORKER_STARTING, /* serves no client yet */
	WORKER_SERVING,
	WORKER_DRAINING, /* accepts and reads nothing new; leaves when nothing is left */
	WORKER_LEAVING,  /* ends its process                                           */
};

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
	uint8_t *states;  /* clients_cap × WORKER_STATE_STRIDE */
	uint8_t **slowed; /* clients_cap: the block of one that is impaired (stream/slowed.h) */

	uint32_t sessions; /* open now, lingering ones not counted (fork: children) */
	uint32_t capacity;
	uint64_t served;
	enum worker_phase phase;
	bool counted_idle; /* this worker is counted in the gauge */
	bool blocked;      /* no further session can be served for now, whatever the capacity */
	int over_fd;       /* model single: an eventfd to be told when the connection outlives its session; −1: none */

	struct acceptor *acceptor;
	struct lookup_client_line *line; /* questions that wait */
	struct datagrams *datagrams;
	uint32_t datagrams_waiting;      /* for a lookup */
	void (*drain)(struct worker *w); /* accepts and reads nothing new from now on; given by what runs the worker */
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

/* A session began or ended: keeps the record, the gauge and the acceptor in step. */
void worker_session_began(struct worker *w);
void worker_session_ended(struct worker *w);

/* A worker that drains leaves when its last session, its last connection and its last lookup are over: one of them is. */
void worker_leave_if_done(struct worker *w);

/* Since the daemon started. */
uint64_t worker_uptime_s(const struct worker *w);

/* Fills what a service may know, but for peer and local. */
void worker_fill_context(struct worker *w, const struct listener *l, struct svc_context *ret);

/* Writes into the shared record what the worker does and how full it is, and has its model act on that. */
void worker_update(struct worker *w);

/* Tells the supervisor, unless it knows: the pool may have no place left. */
void worker_tell_full(struct worker *w);

/* Seeds ctx->random, and gives its next number. */
void worker_seed(struct worker *w);
uint32_t worker_random(struct worker *w);

/* Ends the process: the supervisor is dead. */
void worker_life_ready(struct loop_source *s, uint32_t events);
