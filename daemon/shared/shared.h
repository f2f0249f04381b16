/* SPDX-License-Identifier: MIT */
/*
 * The memory that all processes share: a record a process, the session table, the counters, a few samples. Readers never
 * lock.
 *
 * A word that several processes write is changed by an atomic addition, exchange or compare-and-swap; a plain store is for
 * the process whose word it is, and for the supervisor before that process starts or when it is gone. But every worker,
 * session's process and resolver can write all of it, and one that is taken over does. So no reader, supervisor or worker,
 * believes any of it: no word here is an index, a size, a string or a process to be signalled before it was copied and
 * checked, and none is asserted about. What must be right is in each process's own memory, inherited from the supervisor
 * (struct table, struct rate_limits, struct pool_deaths; struct child and records.h are the supervisor's alone). At worst a
 * wrong word makes wrong numbers.
 *
 * Process: mapped once by the supervisor before the first fork, never resized; pages cost nothing until they are touched.
 * The mapping is shared, so fork copies no page table of it.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/log_quota.h"
#include "net/listener.h"
#include "shared/pool_deaths.h"
#include "shared/counters.h"
#include "admission/rate_limits.h"
#include "shared/impairs.h"
#include "shared/offenders.h"
#include "admission/table.h"

#define SHARED_RECORDS_MAX 4096 /* workers and resolvers of all generations at once */
#define SHARED_GAUGES_MAX 256   /* pools of all generations at once                 */
#define SHARED_NOBODY UINT32_MAX

enum record_state {
	RECORD_FREE,
	RECORD_STARTING, /* forked                                               */
	RECORD_READY,    /* waits for the word to go                             */
	RECORD_IDLE,     /* serves; a prefork worker: has no session             */
	RECORD_BUSY,     /* a prefork worker with a session; any that is full    */
	RECORD_DRAINING, /* accepts and reads nothing new; finishes its sessions */
};

/* The record of one process that the supervisor forked, in words. The process writes it, but for what it is (pid,
 * generation, pool) and the reset when it is given out; whose it is, struct child knows. */
struct record {
	_Alignas(64) _Atomic uint32_t state; /* enum record_state                                    */
	_Atomic uint32_t pid;
	_Atomic uint32_t generation;
	_Atomic uint32_t pool;          /* the pool's index in struct pool_deaths, for counting processes */
	_Atomic uint32_t sessions;      /* at this moment (the fork model: of the acceptor's children) */
	_Atomic uint64_t served;        /* sessions or lookups completed                               */
	_Atomic uint64_t beat_ns;       /* the last sign of life                                       */
	_Atomic uint64_t busy_until_ns; /* resolver: the deadline of the lookup under way; else 0    */
};

/* A pool of a generation: a hint for prefork workers whether the supervisor must be told. */
struct gauge {
	_Alignas(64) _Atomic int32_t idle;
	_Atomic uint32_t told; /* the supervisor has been told and has not looked yet */
	_Atomic uint32_t full; /* the supervisor has been told that the pool may be full */
};

struct shared {
	_Atomic uint64_t log_lost; /* lines that could not be written */
	struct log_quota log_quota;
	_Atomic uint64_t buffer_bytes;    /* what sessions are owed, in all processes: limits.buffers */
	_Atomic uint32_t load;            /* the load average of the last minute, in thousandths      */
	_Atomic uint32_t lookups_waiting; /* questions that no resolver has taken yet                 */
	_Atomic uint64_t reloads, reloads_refused;
	_Atomic uint32_t backlog[TABLE_ROWS_MAX]; /* connections that wait to be accepted, sampled; TCP only */
	_Atomic uint32_t lost[TABLE_ROWS_MAX];    /* sockets that no client reaches, looked at once a second      */
	struct pool_deaths_counts deaths;
	_Atomic uint64_t clock;                                /* struct clock_status, packed: shared_set_clock            */
	_Atomic uint32_t tai_offset_s;                         /* the rest of it */
	_Alignas(64) _Atomic uint32_t drained[TABLE_ROWS_MAX]; /* not 0: this listener takes nothing new */
	struct impairs impairs[TABLE_ROWS_MAX];                /* what was said of a row's impairment */
	struct record records[SHARED_RECORDS_MAX];
	struct gauge gauges[SHARED_GAUGES_MAX];
	struct offenders offenders[SHARED_RECORDS_MAX]; /* a record's */
	/* Then the table and the counters. No pointers: after an upgrade its place is another for the supervisor. */
};

/* Maps it all. fd: NULL; or where to keep the descriptor of what is made, for an upgrade; or, if that is not -1, the
 * descriptor of what another program made. 0 and *ret, or -errno. It stays until the process ends, and as long as it is:
 * nobody can cut it off. */
int shared_map(int *fd, struct shared **ret) must_check;

/* Tells apart programs that must not share one piece of such memory, limits included. */
uint64_t shared_layout(void);

/* Makes a number, or a key, that cannot be guessed. 0 or -errno. */
int shared_new_secret(uint64_t *ret) must_check;
int shared_new_key(struct siphash_key *ret) must_check;

/* The session table in it; of memory that another program made the secret is handed over with the memory. */
void shared_table(const struct shared *s, uint64_t secret, struct table *ret);
struct counters *shared_counters(const struct shared *s, uint32_t record); /* [row] */

/* Makes all of it read-only for this process, for good. 0 or -errno. */
int shared_protect(const struct shared *s) must_check;

/* The limits' memory and its end; fd as above, and the key, too, is that of who made it. 0 or -errno. */
int shared_map_limits(const struct rate_sketch_shape *shape, const struct siphash_key *key, int *fd,
		      struct rate_limits *ret) must_check;
void shared_unmap_limits(const struct rate_limits *l, const struct rate_sketch_shape *shape);

/* The clock's quality, sampled by the supervisor for all. */
void shared_set_clock(struct shared *s, const struct clock_status *status);
struct clock_status shared_clock(const struct shared *s);

/* Adds up the counters of a row over the first records_n records, or up to the first that was never used, into *ret (which
 * is zeroed first). */
void shared_sum_row(const struct shared *s, uint32_t records_n, uint32_t row, struct counters *ret);

/* Clears all that is kept of a row, in the first records_n records too, for another listener that is to have it: no
 * process is left that counts there. */
void shared_forget_row(struct shared *s, uint32_t records_n, uint32_t row);

/* Frees what a process that is gone held: its session slots and the buffers counted for them. How many sessions it took
 * along. */
uint32_t shared_release_owner(struct shared *s, const struct table *t, uint32_t pid);

/* A pool of a generation as one number: what table_slot.pool has. */
struct shared_pool {
	uint32_t generation, pool;
};

static inline uint32_t shared_pool_pack(uint32_t generation, uint32_t pool)
{
	return generation * SETTINGS_POOLS_MAX + pool;
}

static inline struct shared_pool shared_pool_unpack(uint32_t packed)
{
	return (struct shared_pool){ .generation = packed / SETTINGS_POOLS_MAX, .pool = packed % SETTINGS_POOLS_MAX };
}
