/* SPDX-License-Identifier: MIT */
/*
 * The fork model: an acceptor forks a child for each session (session_process.h), which exits with it.
 *
 * Process: the acceptor accepts, admits, forks and reaps; it touches little memory, since a fork costs what the forking
 * process has touched. Once a second it looks at its children: one that gives no sign of life, or does not end its session
 * when it is told to, is killed. Should the acceptor die, its children go on and the supervisor inherits them.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/log_quota.h"
#include "base/pages.h"
#include "stream/acceptor.h"
#include "stream/backoff.h"
#include "stream/models.h"
#include "stream/session_process.h"
#include "stream/sessions.h"

#define CHECK_NS (CLOCK_S_NS)        /* between two looks at the children   */
#define UNHEEDED_NS (2 * CLOCK_S_NS) /* for a child with a kill mark to end */
#define LINGERS_MOST_NS (SESSION_LINGER_NS + SESSION_STALL_NS + WORKER_BEATS_MISSED_NS)

struct session_child {
	pid_t pid;
	struct table_slot *slot;
	uint32_t slot_generation;
	uint64_t over;     /* its session's number in the order in which sessions ended, from 1; 0: it goes on */
	uint64_t since_ns; /* when it was first seen to linger, or with a kill mark; 0: neither                */
	bool closing;      /* killed, to make room for another that lingers                                    */
	bool stuck;        /* killed, for giving no sign of life or not ending its session                     */
};

/* The state of the acceptor. Its pages are kept from the children (pages_take_own). */
struct forker {
	struct worker *w;
	uint32_t n, cap; /* of children */
	uint32_t closing_n;
	uint64_t overs_n; /* sessions that have ended, ever */
	struct loop_source signals, over;
	struct admitted waiting; /* admitted, but the fork failed; fd -1: none */
	struct loop_timer retry;
	struct backoff backoff;
	struct loop_timer check;         /* set while there are children: when they are looked at next    */
	uint64_t resumed_ns;             /* when the acceptor, stopped for a while, ran again; 0: it never was */
	struct session_child children[]; /* in no order */
};

static struct forker *forker;

static uint32_t capacity(const struct pool_settings *pool)
{
	return pool->max_sessions;
}

static bool slot_is(const struct session_child *c, uint32_t owner)
{
	return atomic_load(&c->slot->owner) == owner && atomic_load(&c->slot->generation) == c->slot_generation;
}

/* Frees the slot of a child's session, if it is still that session's. */
static void free_slot(struct session_child *c)
{
	struct worker *w = forker->w;
	uint32_t row = table_row_of(c->slot), over = atomic_load(&c->slot->over);
	uint64_t started_ns = atomic_load(&c->slot->started_ns);
	uint32_t owner = slot_is(c, w->pid) ? w->pid : (uint32_t)c->pid;

	if (!slot_is(c, owner))
		return;
	atomic_fetch_sub(&w->plan->shared->buffer_bytes, atomic_exchange(&c->slot->owed_bytes, 0));
	table_release(w->plan->table, c->slot, owner);
	if (row == TABLE_ROWS_MAX) /* not what was written there when it was admitted: it is counted nowhere */
		return;
	counters_add(&w->counters[row].sessions_ended, 1);
	if (over)
		histogram_add(&w->counters[row].session_time, clock_mono_ns() - started_ns);
}

/* The slots of sessions that have ended are free before their processes are gone: a client that saw its connection closed
 * can come again. */
static void free_ended_sessions(struct worker *w)
{
	(void)w;
	for (uint32_t i = 0; i < forker->n; i++) {
		struct session_child *c = &forker->children[i];
		if (slot_is(c, (uint32_t)c->pid) && atomic_load(&c->slot->over))
			free_slot(c);
	}
}

static void log_death(const struct session_child *c, const siginfo_t *info)
{
	struct worker *w = forker->w;
	bool exited = info->si_code == CLD_EXITED;
	const char *how = exited                      ? "exit status"
			  : info->si_status == SIGSYS ? "a system call that it may not make, signal"
						      : "signal";

	pool_deaths_add(&w->plan->shared->deaths, pool_deaths_find(w->plan->pool_names, w->pool->name),
			exited ? 0 : info->si_status);
	if (log_quota_take(LOG_LEVEL_WARNING, "session"))
		log_say(LOG_LEVEL_WARNING, "session", "the process %d of a session of pool %s died: %s %d", (int)c->pid,
			w->pool->name, how, info->si_status);
}

/* A child that is gone, for whatever reason: what it held is freed before its pid can be another process's. */
static void reaped(struct session_child *c, const siginfo_t *info)
{
	struct worker *w = forker->w;
	bool killed = info->si_code != CLD_EXITED || info->si_status != 0;

	free_slot(c);
	if (c->stuck)
		pool_deaths_add_stuck(&w->plan->shared->deaths, pool_deaths_find(w->plan->pool_names, w->pool->name));
	else if (killed && !c->over)
		log_death(c, info);
	if (c->over)
		w->lingering_n--;
	else
		w->sessions--;
	forker->closing_n -= c->closing;
	w->served += c->over || !killed;
	atomic_store_explicit(&w->record->served, w->served, memory_order_relaxed);
	*c = forker->children[--forker->n];
}

static struct session_child *find_child(pid_t pid)
{
	for (uint32_t i = 0; i < forker->n; i++)
		if (forker->children[i].pid == pid)
			return &forker->children[i];
	return NULL;
}

static void reap_children(void)
{
	for (;;) {
		siginfo_t info = { 0 };
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
			break;
		struct session_child *c = find_child(info.si_pid);
		if (c)
			reaped(c, &info);
		(void)waitpid(info.si_pid, NULL, WNOHANG);
	}
	worker_update(forker->w);
	worker_leave_if_done(forker->w);
}

static void signals_ready(struct loop_source *s, uint32_t events)
{
	struct signalfd_siginfo info[8];

	(void)events;
	while (read(s->fd, info, sizeof(info)) == (ssize_t)sizeof(info))
		;
	reap_children();
}

/* The oldest lingering connection is closed, as in the other models. */
static void close_oldest(void)
{
	struct session_child *oldest = NULL;

	for (uint32_t i = 0; i < forker->n; i++) {
		struct session_child *c = &forker->children[i];
		if (c->over && !c->closing && (!oldest || c->over < oldest->over))
			oldest = c;
	}
	if (!oldest)
		return;
	oldest->closing = true;
	forker->closing_n++;
	kill(oldest->pid, SIGKILL);
}

/* Sessions of children are over while their connections linger: there is room for others. */
static void over_ready(struct loop_source *s, uint32_t events)
{
	struct worker *w = forker->w;
	uint64_t n;

	(void)events;
	if (read(s->fd, &n, sizeof(n)) != (ssize_t)sizeof(n))
		return;
	for (uint32_t i = 0; i < forker->n; i++) {
		struct session_child *c = &forker->children[i];
		if (c->over || (atomic_load(&c->slot->generation) == c->slot_generation && atomic_load(&c->slot->owner)))
			continue;
		c->over = ++forker->overs_n;
		w->sessions--;
		w->lingering_n++;
	}
	while (w->lingering_n - forker->closing_n > SESSIONS_LINGERING_MAX)
		close_oldest();
	worker_update(w);
}

/* The connection is kept and tried again; meanwhile no other is accepted. */
static void fork_failed(struct worker *w, const struct admitted *a, int err)
{
	uint64_t now_ns = clock_mono_ns(), wait_ns = backoff_fail(&forker->backoff);

	forker->waiting = *a;
	loop_set_timer(&w->loop, &forker->retry, now_ns + wait_ns);
	w->blocked = true;
	worker_update(w);
	if (!backoff_may_log(&forker->backoff, now_ns))
		return;
	log_say(LOG_LEVEL_WARNING, "fork",
		"cannot fork for a session of pool %s: %s; its connection waits, trying again in %u ms", w->pool->name,
		strerror(err), (unsigned)(wait_ns / CLOCK_MS_NS));
}

static void admitted(struct worker *w, const struct admitted *a)
{
	uint32_t generation = atomic_load(&a->slot->generation);
	bool room = forker->n < forker->cap;
	const struct session_inheritance i = { a, forker->signals.fd, forker->over.fd, log_fd() };
	pid_t pid;

	(void)worker_random(w); /* or each child would begin with the same number */
	atomic_store_explicit(&a->slot->beat_ns, w->loop.now_ns, memory_order_relaxed);
	pid = room ? _Fork() : -1; /* handlers that libraries have registered look after nothing that the child uses */
	if (pid == 0)
		session_process_run(w, &i);
	if (pid < 0) {
		fork_failed(w, a, room ? errno : EAGAIN);
		return;
	}
	(void)table_hand_over(a->slot, w->pid, (uint32_t)pid);
	close(a->fd);
	forker->children[forker->n++] = (struct session_child){ .pid = pid, .slot = a->slot, .slot_generation = generation };
	backoff_succeed(&forker->backoff);
	if (!forker->check.place)
		loop_set_timer(&w->loop, &forker->check, w->loop.now_ns + CHECK_NS);
	worker_session_began(w);
}

static void retry_fork(struct loop_timer *t)
{
	struct admitted a = forker->waiting;

	(void)t;
	forker->waiting.fd = -1;
	forker->w->blocked = false;
	admitted(forker->w, &a);
	worker_update(forker->w);
}

/* ---- stuck children ---- */

static void kill_stuck(struct session_child *c, const char *what)
{
	c->stuck = true;
	kill(c->pid, SIGKILL);
	if (log_quota_take(LOG_LEVEL_WARNING, "session"))
		log_say(LOG_LEVEL_WARNING, "stuck", "the process %d of a session of pool %s %s: killed", (int)c->pid,
			forker->w->pool->name, what);
}

/* Whether a child has been in a state that has to end within limit_ns for longer than that. */
static bool outlasts(struct session_child *c, bool goes_on, uint64_t limit_ns, uint64_t now_ns)
{
	if (!goes_on)
		c->since_ns = 0;
	else if (!c->since_ns)
		c->since_ns = now_ns;
	return goes_on && now_ns >= c->since_ns + limit_ns;
}

static void check_child(struct session_child *c, uint64_t now_ns)
{
	bool has_session = slot_is(c, (uint32_t)c->pid);
	uint64_t beat_ns = atomic_load_explicit(&c->slot->beat_ns, memory_order_relaxed);

	if (c->over) {
		if (outlasts(c, true, LINGERS_MOST_NS, now_ns))
			kill_stuck(c, "does not close its connection");
	} else if (outlasts(c, has_session && table_mark_of(c->slot) != KILL_NOT, UNHEEDED_NS, now_ns))
		kill_stuck(c, "does not end its session");
	else if (has_session && !worker_beat_is_recent(beat_ns, now_ns) &&
		 now_ns > forker->resumed_ns + WORKER_BEATS_MISSED_NS)
		kill_stuck(c, "shows no sign of life");
}

static void check_children(struct loop_timer *t)
{
	uint64_t now_ns = forker->w->loop.now_ns;

	if (now_ns > t->at_ns + CHECK_NS) /* they may have been stopped together */
		forker->resumed_ns = now_ns;
	for (uint32_t i = 0; i < forker->n; i++)
		if (!forker->children[i].stuck)
			check_child(&forker->children[i], now_ns);
	if (forker->n)
		loop_set_timer(&forker->w->loop, t, now_ns + CHECK_NS);
}

static int prepare_forker(struct worker *w)
{
	uint32_t cap = w->capacity + 2 * SESSIONS_LINGERING_MAX; /* those that linger, and those just killed for them */
	sigset_t set;
	int r;

	forker = pages_take_own(sizeof(*forker) + cap * sizeof(forker->children[0]));
	if (!forker)
		return -ENOMEM;
	forker->w = w;
	forker->cap = cap;
	forker->waiting.fd = -1;
	forker->retry.fire = retry_fork;
	forker->check.fire = check_children;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGUSR1);
	signal(SIGUSR1, SIG_DFL); /* ignored, it would be lost even while it is blocked */
	forker->signals = (struct loop_source){ .fd = loop_signal_fd(&set), .ready = signals_ready };
	forker->over = (struct loop_source){ .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), .ready = over_ready };
	if (forker->signals.fd < 0 || forker->over.fd < 0)
		return -ENOMEM;
	r = loop_add(&w->loop, &forker->signals, EPOLLIN);
	return r < 0 ? r : loop_add(&w->loop, &forker->over, EPOLLIN);
}

static void signal_marked(struct worker *w)
{
	(void)w;
	for (uint32_t i = 0; i < forker->n; i++) {
		struct session_child *c = &forker->children[i];
		if (slot_is(c, (uint32_t)c->pid) && table_mark_of(c->slot) != KILL_NOT)
			kill(c->pid, SIGUSR1); /* a child that is not reaped: no other process can have its pid */
	}
}

/* Closes the connection that waits for a fork. */
static void drop_waiting(struct worker *w)
{
	struct admitted *a = &forker->waiting;

	if (a->fd < 0)
		return;
	loop_cancel_timer(&w->loop, &forker->retry);
	table_release(w->plan->table, a->slot, w->pid);
	counters_add(&w->counters[a->listener->row].sessions_ended, 1);
	fd_close(&a->fd);
	w->blocked = false;
	worker_leave_if_done(w);
}

static void end_children(struct worker *w)
{
	drop_waiting(w);
	for (uint32_t i = 0; i < forker->n; i++) {
		struct session_child *c = &forker->children[i];
		if (c->over)
			kill(c->pid, SIGKILL);
		else
			table_mark(c->slot, c->slot_generation, KILL_DRAIN);
	}
	signal_marked(w);
}

const struct worker_model fork_model = {
	.capacity = capacity,
	.prepare = prepare_forker,
	.accepted = free_ended_sessions,
	.admitted = admitted,
	.updated = acceptor_update,
	.look = signal_marked,
	.end = end_children,
};
