/* SPDX-License-Identifier: MIT */
/*
 * One small event loop (epoll and timers) for supervisor, workers and resolver.
 *
 * A source is a descriptor with a function, a timer a deadline with a function; both live in their owner's structure. The
 * loop takes memory in loop_init only (the timer heap, of a fixed capacity, and the batch of events). A process that has few
 * descriptors and does not live long has a loop of the same kind that waits with poll(2): loop_init_few.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>

#include "base/attr.h"

struct loop_source;
typedef void loop_ready_fn(struct loop_source *s, uint32_t events);
struct loop_source {
	int fd;
	loop_ready_fn *ready;
};

struct loop_timer;
typedef void loop_fire_fn(struct loop_timer *t);
struct loop_timer {
	uint64_t at_ns; /* CLOCK_MONOTONIC                          */
	size_t place;   /* 1 + its place in the heap, 0: not set    */
	loop_fire_fn *fire;
};

struct loop_few;
struct loop {
	int epoll_fd;
	struct loop_few *few;     /* NULL: waits with epoll */
	struct loop_source *solo; /* beside the set; NULL: none */
	uint32_t solo_events;
	struct loop_timer **heap; /* heap[0] is the earliest */
	size_t heap_n, heap_cap;
	bool spins;      /* it never sleeps: for latency, at the price of a CPU. The owner's to set */
	uint64_t now_ns; /* read once a turn: when its wait ended */
	/* The turn under way, so that a source removed by a handler is not called any more. */
	struct epoll_event *batch; /* of BATCH_MAX; the solo one comes first */
	int batch_n, batch_at;
	bool firing; /* the turn is at its timers */
};

#define LOOP_FEW_MAX 8 /* sources, and timers */

struct loop_few {
	struct pollfd polls[LOOP_FEW_MAX];
	struct loop_source *sources[LOOP_FEW_MAX];
	struct loop_timer *heap[LOOP_FEW_MAX];
	struct epoll_event batch[LOOP_FEW_MAX];
	int sources_n;
};

/* timers_max: how many timers may be set at once. 0 or -errno. The loop is this process's own: one that is forked must not
 * use it. */
int loop_init(struct loop *l, size_t timers_max) must_check;
/* A loop in the caller's storage, for LOOP_FEW_MAX sources and timers: no system call, no allocation. now_ns: the time. */
void loop_init_few(struct loop *l, struct loop_few *storage, uint64_t now_ns);
/* Forgets all sources and timers. */
void loop_done(struct loop *l);

/* events as epoll's (EPOLLIN, EPOLLEXCLUSIVE, …; of few: EPOLLIN and EPOLLOUT), level-triggered unless EPOLLET is given. 0
 * or -errno (-ENOSPC: too many for a loop of few). */
int loop_add(struct loop *l, struct loop_source *s, uint32_t events) must_check;
int loop_change(struct loop *l, struct loop_source *s, uint32_t events) must_check;
/* Does as loop_add, but where there is room for it (one source) it is waited for beside the set, with poll(2), and never
 * enters it: cheaper for one that comes and goes, or that changes what it waits for. Who waits on the set itself misses
 * it. */
int loop_add_solo(struct loop *l, struct loop_source *s, uint32_t events) must_check;
/* Before the descriptor is closed. Nothing of this turn reaches it any more. */
void loop_remove(struct loop *l, struct loop_source *s);
/* Closes the descriptor, which no other process may have open, of a source that may be in the loop: then it leaves the set
 * by itself, without a system call for that. */
void loop_close(struct loop *l, struct loop_source *s);

/* Sets or moves a timer; CLOCK_NEVER cancels it. Never fires early. Set by a timer's function for a time that has passed it
 * fires in the next turn. Asserts that the capacity is kept. */
void loop_set_timer(struct loop *l, struct loop_timer *t, uint64_t at_ns);
void loop_cancel_timer(struct loop *l, struct loop_timer *t);

/* Waits for the next event or timer, at most until deadline_ns (CLOCK_NEVER: no limit; 0: does not wait), and handles what
 * is due: sources first, then timers. 0 (also when interrupted, or when the kernel has no memory for that) or -errno. */
int loop_turn(struct loop *l, uint64_t deadline_ns) must_check;

/* The time when the earliest timer is due; CLOCK_NEVER (UINT64_MAX) without one. */
static inline uint64_t loop_next_ns(const struct loop *l)
{
	return l->heap_n ? l->heap[0]->at_ns : UINT64_MAX;
}

/* Blocks the signals of `set` and makes a descriptor that reads them, non-blocking. The descriptor, or -errno. */
int loop_signal_fd(const sigset_t *set) must_check;
