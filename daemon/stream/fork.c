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
#include "stream/models.h"
#include "stream/session_process.h"
#include "stream/sessions.h"

#define RETRY_FIRST_NS (100 * CLOCK_MS_NS)
#define RETRY_LAST_NS (CLOCK_S_NS)
#define SAY_AGAIN_NS (30 * CLOCK_S_NS)
#define LIVES_NS (CLOCK_S_NS)
#define UNHEEDED_NS (2 * CLOCK_S_NS) /* for a kill mark */
#define LINGERS_MOST_NS (SESSION_LINGER_NS + SESSION_STALL_NS + WORKER_BEATS_MISSED_NS)

struct session_child {
	pid_t pid;
	struct table_slot *slot;
	uint32_t slot_generation;
	uint64_t over;     /* not 0: its session is over, as the how-manieth, and its connection lingers */
	uint64_t since_ns; /* when it was first seen to linger, or with a kill mark; 0: neither          */
	bool closing;      /* it is being killed, to make room for another that lingers                  */
	bool stuck;        /* it is being killed, for it does nothing any more                           */
};

/* The acceptor's own: its children have it not. */
struct forker {
	struct worker *w;
	uint32_t n, cap; /* of children */
	uint32_t closing_n;
	uint64_t overs_n; /* ever */
	struct loop_source signals, over;
	struct admitted waiting; /* admitted, but the fork failed; fd -1: none */
	struct loop_timer retry;
	uint64_t retry_ns, said_ns;
	struct loop_timer lives;         /* set while there are children: when they are looked at next */
	uint64_t judged_from_ns;         /* the acceptor was itself stopped until then                */
	struct session_child children[]; /* in no order */
};

static struct forker *acceptor;

static uint32_t capacity(const struct pool_settings *pool)
{
	return pool->max_sessions;
}

static bool slot_is(const struct session_child *c, uint32_t owner)
{
	return atomic_load(&c->slot->owner) == owner && atomic_load(&c->slot->generation) == c->slot_generation;
}

/* What its session held, if it still does. */
static void free_slot(struct session_child *c)
{
	struct worker *w = acceptor->w;
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

/* Sessions that are over, while their processes are not gone yet: a client that saw its connection closed can come again. */
static void free_those_over(struct worker *w)
{
	(void)w;
	for (uint32_t i = 0; i < acceptor->n; i++) {
		struct session_child *c = &acceptor->children[i];
		if (slot_is(c, (uint32_t)c->pid) && atomic_load(&c->slot->over))
			free_slot(c);
	}
}

static void mourn(const struct session_child *c, const siginfo_t *info)
{
	struct worker *w = acceptor->w;
	bool exited = info->si_code == CLD_EXITED;
	const char *how = exited                      ? "exit status"
			  : info->si_status == SIGSYS ? "a system call that it may not make, signal"
						      : "signal";

	pool_deaths_add(&w->plan->shared->deaths, pool_deaths_find(w->plan->census, w->pool->name),
			exited ? 0 : info->si_status);
	if (log_quota_take(LOG_LEVEL_WARNING, "session"))
		log_say(LOG_LEVEL_WARNING, "session", "the process %d of a session of pool %s died: %s %d", (int)c->pid,
			w->pool->name, how, info->si_status);
}

/* A child that is gone, however it went: what it held is freed before its pid can be anybody else's. */
static void reaped(struct session_child *c, const siginfo_t *info)
{
	struct worker *w = acceptor->w;
	bool killed = info->si_code != CLD_EXITED || info->si_status != 0;

	free_slot(c);
	if (c->stuck)
		pool_deaths_add_stuck(&w->plan->shared->deaths, pool_deaths_find(w->plan->census, w->pool->name));
	else if (killed && !c->over)
		mourn(c, info);
	if (c->over)
		w->lingering_n--;
	else
		w->sessions--;
	acceptor->closing_n -= c->closing;
	w->served += c->over || !killed;
	atomic_store_explicit(&w->record->served, w->served, memory_order_relaxed);
	*c = acceptor->children[--acceptor->n];
}

static struct session_child *find_child(pid_t pid)
{
	for (uint32_t i = 0; i < acceptor->n; i++)
		if (acceptor->children[i].pid == pid)
			return &acceptor->children[i];
	return NULL;
}

static void reap(void)
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
	worker_update(acceptor->w);
	worker_leave_if_done(acceptor->w);
}

static void signals_ready(struct loop_source *s, uint32_t events)
{
	struct signalfd_siginfo info[8];

	(void)events;
	while (read(s->fd, info, sizeof(info)) == (ssize_t)sizeof(info))
		;
	reap();
}

/* The oldest of the connections that linger goes, as in the other models. */
static void close_oldest(void)
{
	struct session_child *oldest = NULL;

	for (uint32_t i = 0; i < acceptor->n; i++) {
		struct session_child *c = &acceptor->children[i];
		if (c->over && !c->closing && (!oldest || c->over < oldest->over))
			oldest = c;
	}
	if (!oldest)
		return;
	oldest->closing = true;
	acceptor->closing_n++;
	kill(oldest->pid, SIGKILL);
}

/* Some children's sessions are over while their connections linger: there is room for others. */
static void over_ready(struct loop_source *s, uint32_t events)
{
	struct worker *w = acceptor->w;
	uint64_t n;

	(void)events;
	if (read(s->fd, &n, sizeof(n)) != (ssize_t)sizeof(n))
		return;
	for (uint32_t i = 0; i < acceptor->n; i++) {
		struct session_child *c = &acceptor->children[i];
		if (c->over || (atomic_load(&c->slot->generation) == c->slot_generation && atomic_load(&c->slot->owner)))
			continue;
		c->over = ++acceptor->overs_n;
		w->sessions--;
		w->lingering_n++;
	}
	while (w->lingering_n - acceptor->closing_n > SESSIONS_LINGERING_MAX)
		close_oldest();
	worker_update(w);
}

/* The connection is kept and tried again; meanwhile nobody is accepted. */
static void fork_failed(struct worker *w, const struct admitted *a, int err)
{
	acceptor->waiting = *a;
	acceptor->retry_ns = acceptor->retry_ns ? acceptor->retry_ns * 2 : RETRY_FIRST_NS;
	if (acceptor->retry_ns > RETRY_LAST_NS)
		acceptor->retry_ns = RETRY_LAST_NS;
	loop_set_timer(&w->loop, &acceptor->retry, clock_mono_ns() + acceptor->retry_ns);
	w->blocked = true;
	worker_update(w);
	if (acceptor->said_ns && clock_mono_ns() - acceptor->said_ns < SAY_AGAIN_NS)
		return;
	acceptor->said_ns = clock_mono_ns();
	log_say(LOG_LEVEL_WARNING, "fork",
		"cannot fork for a session of pool %s: %s; its connection waits, trying again in %u ms", w->pool->name,
		strerror(err), (unsigned)(acceptor->retry_ns / CLOCK_MS_NS));
}

static void admitted(struct worker *w, const struct admitted *a)
{
	uint32_t generation = atomic_load(&a->slot->generation);
	bool room = acceptor->n < acceptor->cap;
	const struct session_inheritance i = { a, acceptor->signals.fd, acceptor->over.fd, log_fd() };
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
	acceptor->children[acceptor->n++] = (struct session_child){ .pid = pid,
								    .slot = a->slot,
								    .slot_generation = generation };
	if (acceptor->retry_ns)
		acceptor->retry_ns = 0;
	if (!acceptor->lives.place)
		loop_set_timer(&w->loop, &acceptor->lives, w->loop.now_ns + LIVES_NS);
	worker_session_began(w);
}

static void retry(struct loop_timer *t)
{
	struct admitted a = acceptor->waiting;

	(void)t;
	acceptor->waiting.fd = -1;
	acceptor->w->blocked = false;
	admitted(acceptor->w, &a);
	worker_update(acceptor->w);
}

/* ---- children that do nothing any more ---- */

static void kill_stuck(struct session_child *c, const char *what)
{
	c->stuck = true;
	kill(c->pid, SIGKILL);
	if (log_quota_take(LOG_LEVEL_WARNING, "session"))
		log_say(LOG_LEVEL_WARNING, "stuck", "the process %d of a session of pool %s %s: killed", (int)c->pid,
			acceptor->w->pool->name, what);
}

/* Whether something that has to end within limit_ns has gone on for longer. */
static bool outlasts(struct session_child *c, bool goes_on, uint64_t limit_ns, uint64_t now_ns)
{
	if (!goes_on)
		c->since_ns = 0;
	else if (!c->since_ns)
		c->since_ns = now_ns;
	return goes_on && now_ns >= c->since_ns + limit_ns;
}

static void judge(struct session_child *c, uint64_t now_ns)
{
	bool has_session = slot_is(c, (uint32_t)c->pid);
	uint64_t beat_ns = atomic_load_explicit(&c->slot->beat_ns, memory_order_relaxed);

	if (c->over) {
		if (outlasts(c, true, LINGERS_MOST_NS, now_ns))
			kill_stuck(c, "does not close its connection");
	} else if (outlasts(c, has_session && table_mark_of(c->slot) != KILL_NOT, UNHEEDED_NS, now_ns))
		kill_stuck(c, "does not end its session");
	else if (has_session && !worker_beat_is_recent(beat_ns, now_ns) &&
		 now_ns > acceptor->judged_from_ns + WORKER_BEATS_MISSED_NS)
		kill_stuck(c, "shows no sign of life");
}

static void look_at_lives(struct loop_timer *t)
{
	uint64_t now_ns = acceptor->w->loop.now_ns;

	if (now_ns > t->at_ns + LIVES_NS) /* they may have been stopped together */
		acceptor->judged_from_ns = now_ns;
	for (uint32_t i = 0; i < acceptor->n; i++)
		if (!acceptor->children[i].stuck)
			judge(&acceptor->children[i], now_ns);
	if (acceptor->n)
		loop_set_timer(&acceptor->w->loop, t, now_ns + LIVES_NS);
}

static int prepare(struct worker *w)
{
	uint32_t cap = w->capacity + 2 * SESSIONS_LINGERING_MAX; /* those that linger, and those just killed for them */
	sigset_t set;
	int r;

	acceptor = pages_take_own(sizeof(*acceptor) + cap * sizeof(acceptor->children[0]));
	if (!acceptor)
		return -ENOMEM;
	acceptor->w = w;
	acceptor->cap = cap;
	acceptor->waiting.fd = -1;
	acceptor->retry.fire = retry;
	acceptor->lives.fire = look_at_lives;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGUSR1);
	signal(SIGUSR1, SIG_DFL); /* ignored, it would be lost even while it is blocked */
	acceptor->signals = (struct loop_source){ .fd = loop_signal_fd(&set), .ready = signals_ready };
	acceptor->over = (struct loop_source){ .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), .ready = over_ready };
	if (acceptor->signals.fd < 0 || acceptor->over.fd < 0)
		return -ENOMEM;
	r = loop_add(&w->loop, &acceptor->signals, EPOLLIN);
	return r < 0 ? r : loop_add(&w->loop, &acceptor->over, EPOLLIN);
}

static void look(struct worker *w)
{
	(void)w;
	for (uint32_t i = 0; i < acceptor->n; i++) {
		struct session_child *c = &acceptor->children[i];
		if (slot_is(c, (uint32_t)c->pid) && table_mark_of(c->slot) != KILL_NOT)
			kill(c->pid, SIGUSR1); /* our child, not reaped: its pid is nobody else's */
	}
}

/* The connection that waits for a fork is not served any more. */
static void drop_waiting(struct worker *w)
{
	struct admitted *a = &acceptor->waiting;

	if (a->fd < 0)
		return;
	loop_cancel_timer(&w->loop, &acceptor->retry);
	table_release(w->plan->table, a->slot, w->pid);
	counters_add(&w->counters[a->listener->row].sessions_ended, 1);
	fd_close(&a->fd);
	w->blocked = false;
	worker_leave_if_done(w);
}

static void end(struct worker *w)
{
	drop_waiting(w);
	for (uint32_t i = 0; i < acceptor->n; i++) {
		struct session_child *c = &acceptor->children[i];
		if (c->over)
			kill(c->pid, SIGKILL);
		else
			table_mark(c->slot, c->slot_generation, KILL_DRAIN);
	}
	look(w);
}

const struct worker_model fork_model = {
	.capacity = capacity,
	.prepare = prepare,
	.accepted = free_those_over,
	.admitted = admitted,
	.updated = acceptor_update,
	.look = look,
	.end = end,
};
