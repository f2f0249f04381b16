/* SPDX-License-Identifier: MIT */
/* The supervisor: starts processes, watches over them, reloads and stops. */
#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "generation/child.h"
#include "generation/eviction.h"
#include "generation/generation.h"
#include "generation/log_losses.h"
#include "generation/log_refusals.h"
#include "generation/log_statistics.h"
#include "generation/pool.h"
#include "generation/sd_notify.h"
#include "generation/sockets.h"
#include "supervisor/core.h"
#include "supervisor/housekeeping.h"
#include "supervisor/reload.h"
#include "supervisor/start.h"
#include "upgrade/takeover.h"
#include "generation/lost.h"

#define KILL_AFTER_NS (1 * CLOCK_S_NS) /* between asking processes to end and making them */
#define LAST_WAIT_NS (2 * CLOCK_S_NS)

/* --- deaths --------------------------------------------------------------------------------------------------- */

/* Before this program has settled the processes that it was handed over stay as they are, dead ones too: the program before
 * may come back, and has to find them. */
static void reap_coming(struct supervisor *s)
{
	struct child *next;

	for (struct child *c = s->fleet.coming ? s->fleet.coming->children : NULL; c; c = next) {
		siginfo_t info = { 0 };

		next = c->next;
		if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
			continue;
		child_bury(c, &info);
		(void)waitpid(info.si_pid, NULL, WNOHANG);
	}
}

static void reap(struct supervisor *s)
{
	if (takeover_mode() == TAKEOVER_GO) {
		reap_coming(s);
		return;
	}
	for (;;) {
		siginfo_t info = { 0 };
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
			return;
		control_take_waiting(&s->control);
		struct child *c = fleet_child(&s->fleet, info.si_pid);
		if (c)
			child_bury(c, &info);
		else if (!upgrade_bury(&s->upgrade,
				       &info)) /* a reader of settings, or a session child whose acceptor died */
			shared_release_owner(s->fleet.shared, &s->fleet.table, (uint32_t)info.si_pid);
		(void)waitpid(info.si_pid, NULL, WNOHANG);
	}
}

/* --- stopping ------------------------------------------------------------------------------------------------- */

static void stop_now(struct supervisor *s)
{
	for (struct generation *g = s->fleet.draining; g; g = g->next) {
		generation_end(g);
		g->deadline_ns = clock_mono_ns() + KILL_AFTER_NS;
	}
}

/* Puts a generation among those that drain. */
static void retire(struct supervisor *s, struct generation *g)
{
	generation_retire(g);
	g->next = s->fleet.draining;
	s->fleet.draining = g;
}

static void stop(struct supervisor *s)
{
	if (s->fleet.stopping) { /* the second time: at once */
		stop_now(s);
		return;
	}
	s->fleet.stopping = true;
	takeover_settle(); /* whoever is told to stop does not become another program again */
	log_say(LOG_LEVEL_NOTICE, "stopping", "no new sessions; those that are open have %u ms",
		s->fleet.current ? (unsigned)(s->fleet.current->drain_timeout_ns / CLOCK_MS_NS) : 0u);
	sd_notify_stopping();
	reload_bound_drains(s);
	if (s->fleet.coming) {
		generation_kill(s->fleet.coming);
		sockets_close(s->fleet.coming, s->fleet.current);
		retire(s, s->fleet.coming);
		s->fleet.coming = NULL;
	}
	if (!s->fleet.current)
		return;
	generation_drain(s->fleet.current, clock_add(clock_mono_ns(), s->fleet.current->drain_timeout_ns));
	sockets_close(s->fleet.current, NULL);
	retire(s, s->fleet.current);
	s->fleet.current = NULL;
}

/* --- signals -------------------------------------------------------------------------------------------------- */

static void advance(struct supervisor *s);

static void signals_ready(struct loop_source *source, uint32_t events)
{
	struct supervisor *s = container_of(source, struct supervisor, signals);
	struct signalfd_siginfo info;

	(void)events;
	while (read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
			s->fleet.reload_wanted = !s->fleet.stopping;
			break;
		case SIGQUIT:
			if (!s->fleet.stopping)
				stop(s);
			stop_now(s);
			break;
		case SIGTERM:
		case SIGINT:
			stop(s);
			break;
		case SIGUSR2:
			s->upgrade.wanted = !s->fleet.stopping;
			break;
		case SIGUSR1:
			log_statistics(&s->fleet);
			break;
		default: /* SIGCHLD: reaped below, whatever the signal was */
			break;
		}
	}
	reap(s);
	advance(s);
}

static int watch_signals(struct supervisor *s)
{
	static const int watched[] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < array_n(watched); i++) {
		signal(watched[i], SIG_DFL); /* whatever we inherited */
		sigaddset(&set, watched[i]);
	}
	signal(SIGPIPE, SIG_IGN);
	s->signals = (struct loop_source){ .fd = loop_signal_fd(&set), .ready = signals_ready };
	if (s->signals.fd < 0)
		return s->signals.fd;
	return loop_add(&s->fleet.loop, &s->signals, EPOLLIN);
}

/* --- the state machine ---------------------------------------------------------------------------------------- */

/* Processes left at the deadline are told to end, and killed a second later. Without workers the others
 * have nothing left to do, but may be in the middle of an answer. */
static void press(struct generation *g, uint64_t now_ns)
{
	bool due = now_ns >= g->deadline_ns;

	if (due && g->phase == GENERATION_ENDING)
		generation_kill(g);
	else if (due || (!generation_has_workers(g) && g->phase != GENERATION_ENDING))
		generation_end(g);
	else
		return;
	g->deadline_ns = now_ns + KILL_AFTER_NS;
}

static void advance_draining(struct supervisor *s)
{
	uint64_t now_ns = clock_mono_ns();
	struct generation **at = &s->fleet.draining;

	while (*at) {
		struct generation *g = *at;
		if (g->children || generation_has_workers(g)) {
			press(g, now_ns);
			at = &g->next;
		} else {
			*at = g->next;
			generation_free(g);
		}
	}
}

static uint64_t next_deadline(const struct supervisor *s, uint64_t at_ns)
{
	if (s->fleet.coming && s->fleet.coming->deadline_ns < at_ns)
		at_ns = s->fleet.coming->deadline_ns;
	for (const struct generation *g = s->fleet.draining; g && takeover_mode() != TAKEOVER_GO; g = g->next)
		at_ns = g->deadline_ns < at_ns ? g->deadline_ns : at_ns;
	return at_ns;
}

static void advance(struct supervisor *s)
{
	uint64_t at_ns = s->tick_ns;

	if (lost_is_due(&s->fleet))
		housekeeping_sockets(s, false);
	reload_advance(s, retire);
	upgrade_advance(&s->upgrade);
	control_look(&s->control);
	if (takeover_mode() != TAKEOVER_GO)
		advance_draining(s);
	if (s->fleet.current && s->fleet.current->phase == GENERATION_SERVING) {
		uint64_t again_ns = pools_fill(s->fleet.current);
		generation_deal_readers(s->fleet.current);
		at_ns = again_ns < at_ns ? again_ns : at_ns;
		again_ns = eviction_look(s->fleet.current);
		at_ns = again_ns < at_ns ? again_ns : at_ns;
	}
	if (s->fleet.stopping && !s->fleet.current && !s->fleet.coming && !s->fleet.draining)
		s->ended = true;
	loop_set_timer(&s->fleet.loop, &s->timer, next_deadline(s, at_ns));
}

static void timer_fired(struct loop_timer *t)
{
	struct supervisor *s = container_of(t, struct supervisor, timer);

	if (clock_mono_ns() >= s->tick_ns)
		housekeeping(s);
	advance(s);
}

/* --- from start to end ---------------------------------------------------------------------------------------- */

static void fleet_changed(struct fleet *f)
{
	advance(container_of(f, struct supervisor, fleet));
}

/* All have been killed, or see the end of the life pipe. One that does neither is not waited for: whoever stops us would
 * wait as well. */
static void wait_for_the_last(void)
{
	uint64_t until_ns = clock_mono_ns() + LAST_WAIT_NS;
	struct timespec step = { .tv_nsec = 10 * CLOCK_MS_NS };
	sigset_t died;

	sigemptyset(&died);
	sigaddset(&died, SIGCHLD);
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno != EINTR)
			return;
		if (pid == 0 && clock_mono_ns() >= until_ns) {
			log_say(LOG_LEVEL_WARNING, "stopped", "a process does not end, and is left behind");
			return;
		}
		if (pid == 0)
			(void)sigtimedwait(&died, NULL, &step);
	}
}

/* Ends all processes after an early end: session children without an acceptor go by the life pipe. */
static void finish(struct supervisor *s)
{
	struct generation *all[] = { s->fleet.current, s->fleet.coming };

	for (size_t i = 0; i < array_n(all); i++)
		if (all[i]) {
			generation_kill(all[i]);
			sockets_close(all[i], NULL);
		}
	for (struct generation *g = s->fleet.draining; g; g = g->next)
		generation_kill(g);
	control_close(&s->control);
	fd_close(&s->fleet.life[1]);
	wait_for_the_last();
}

static int watch_all(struct supervisor *s)
{
	int r = watch_signals(s);

	s->timer.fire = timer_fired;
	if (takeover_mode() != TAKEOVER_NONE)
		(void)kill(s->fleet.pid, SIGCHLD); /* for whoever died while one program gave way to the other */
	return r < 0 ? start_fail_call("signalfd", r) : 0;
}

int supervisor_run(const char *file, const struct settings_override *overrides, size_t overrides_n,
		   struct settings *settings)
{
	static struct supervisor self; /* not cleared: what is touched is copied with every fork */
	struct supervisor *s = &self;

	s->fleet.file = file;
	s->fleet.changed = fleet_changed;
	s->overrides = overrides;
	s->overrides_n = overrides_n;
	s->fleet.life[0] = s->fleet.life[1] = s->fleet.shared_fd = -1;
	log_open();
	if (settings)
		log_set(settings->log.level, settings->log.format);
	int code = start_prepare(s);
	if (takeover_mode() == TAKEOVER_TRY)
		return code ? code : start_try(s, settings);
	if (code == 0)
		code = watch_all(s);
	if (code == 0)
		code = takeover_mode() == TAKEOVER_NONE ? start_serve(s, settings) : start_again(s, settings);
	while (code == 0 && !s->ended) {
		int r = loop_turn(&s->fleet.loop, CLOCK_NEVER);
		if (r < 0)
			code = start_fail_call("epoll_wait", r);
		code = code ? code : s->exit_code;
	}
	if (takeover_mode() == TAKEOVER_GO) /* the program before goes on with all that is left as it was */
		return code ? code : EX_OSERR;
	finish(s);
	log_refusals_end(&s->fleet);
	log_losses(&s->fleet);
	if (code == 0)
		log_say(LOG_LEVEL_NOTICE, "stopped", "all sessions are over");
	return code;
}
