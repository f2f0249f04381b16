/* SPDX-License-Identifier: MIT */
/*
 * Counters per worker and row (a listener's name and transport), in shared memory.
 *
 * A block is added to by its worker, by the fork model's children of that worker, and by the supervisor, which ends the
 * sessions of processes that are gone: always by an atomic addition. Any process reads it at any time without a lock.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "shared/histogram.h"
#include "admission/refusal.h"
#include "session/impair.h"

#define COUNTERS(X)                                                                                                         \
	X(sessions)       /* admitted                                        */                                             \
	X(sessions_ended) /* and over: active = sessions − sessions_ended    */                                           \
	X(received_bytes)                                                                                                   \
	X(sent_bytes)                                                                                                       \
	X(datagrams_received)                                                                                               \
	X(datagrams_answered)                                                                                               \
	X(send_errors)   /* a datagram's answer that the kernel did not take */                                             \
	X(accept_errors) /* accept that failed for the connection alone      */                                             \
	X(uncounted)     /* answered without a session, for whom the table had no place */                                  \
	X(kernel_drops)  /* datagrams, for want of room in a receive buffer  */                                             \
	X(lookups)       /* asked                                            */                                             \
	X(lookups_found) /* and answered, or given up                        */                                             \
	X(lookups_not_found)                                                                                                \
	X(lookups_failed)

struct counters {
#define COUNTERS_FIELD(name) _Atomic uint64_t name;
	COUNTERS(COUNTERS_FIELD)
#undef COUNTERS_FIELD
	_Atomic uint64_t refused[REFUSALS_N];
	_Atomic uint64_t dry_run[REFUSALS_N]; /* would have been refused, but for the listener's `dry_run` */
	_Atomic uint64_t impaired[IMPAIRED_N];
	struct histogram session_time, lookup_time;
};

static inline void counters_add(_Atomic uint64_t *word, uint64_t n)
{
	atomic_fetch_add_explicit(word, n, memory_order_relaxed);
}

/* to += from, word by word; `to` is the caller's own. */
void counters_sum(struct counters *to, const struct counters *from);
