/* SPDX-License-Identifier: MIT */
/* From one generation to the next: the first start, and every reload, as one transaction. */
#include "supervisor/reload.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/make.h"
#include "supervisor/control.h"
#include "supervisor/generation.h"
#include "supervisor/notify.h"
#include "supervisor/report.h"
#include "supervisor/sockets.h"
#include "supervisor/store.h"
#include "supervisor/takeover.h"
#include "supervisor/watch.h"

static void log_listening(const struct listener *l)
{
	char storage[192];
	struct text where = TEXT_OVER(storage);
	struct log_line line;

	listener_add_where(&where, l);
	log_begin(&line, LOG_LEVEL_NOTICE, "listening");
	log_word(&line, "name", l->settings->name);
	log_word(&line, "transport", service_transport_name(l->transport));
	log_word(&line, "address", where.at);
	log_end(&line);
	if (l->transport == TRANSPORT_UDP && l->receive_buffer_got < l->settings->socket.receive_buffer)
		log_say(LOG_LEVEL_INFO, "listening",
			"%s: a receive buffer of %u bytes where %llu were asked for (net.core.rmem_max)", l->label,
			l->receive_buffer_got, (unsigned long long)l->settings->socket.receive_buffer);
}

/* Once for all sockets that this generation has opened. */
static void say_if_no_multipath(const struct generation *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->listeners_n; i++) {
		const struct listener *l = &g->listeners[i];
		n += make_wants_multipath(l) && !l->multipath && !l->kept && !listener_is_passed(l);
	}
	if (n)
		log_say(LOG_LEVEL_NOTICE, "listening",
			"this kernel has no Multipath TCP (net.mptcp.enabled): plain TCP on %zu sockets that ask for it", n);
}

static void tell_refused(struct supervisor *s, const char *why)
{
	if (s->renews) {
		log_say(LOG_LEVEL_ERROR, "lost", "%s; what was bound anew waits for the next try", why);
		return;
	}
	log_say(LOG_LEVEL_ERROR, "reload", "refused: %s; generation %u goes on serving", why, s->current->number);
	atomic_fetch_add(&s->shared->reloads_refused, 1);
	outcome_end(&s->outcome, true, "refused: %s; generation %u goes on serving", why, s->current->number);
	watch_tell_status(s);
	notify_ready();
}

/* The coming generation does not come. */
static void refuse(struct supervisor *s, const char *why)
{
	struct generation *g = s->coming;

	s->coming = NULL;
	generation_kill(g);
	if (takeover_mode() == TAKEOVER_GO) { /* the program before goes on with what it handed over */
		log_say(LOG_LEVEL_ERROR, "upgrade", "%s", why);
		sockets_close(g, s->current);
		control_abandon(&s->control);
		s->exit_code = EX_OSERR;
		s->ended = true;
		return;
	}
	sockets_abandon(g, s->current);
	control_abandon(&s->control);
	generation_retire(g);
	g->next = s->draining; /* until its processes are reaped */
	g->deadline_ns = clock_mono_ns();
	s->draining = g;
	if (s->current) {
		tell_refused(s, why);
		return;
	}
	log_say(LOG_LEVEL_ERROR, "start", "%s", why);
	s->exit_code = EX_OSERR;
	s->ended = true;
}

int reload_begin(struct supervisor *s)
{
	s->coming->deadline_ns = clock_mono_ns() + RELOAD_READY_NS;
	int r = generation_start(s->coming);

	if (r < 0)
		refuse(s, strerror(-r));
	return r;
}

bool reload_keeps_identity(const struct supervisor *s, const struct settings *settings)
{
	return strcmp(s->user, settings->user) == 0 && strcmp(s->group, settings->group) == 0;
}

/* The list has the oldest last: what may go on is counted from its front. */
static void end_oldest_drains(struct supervisor *s)
{
	uint32_t n = 0;

	for (struct generation *g = s->draining; g; g = g->next) {
		n += generation_count(g);
		if (n <= RELOAD_DRAINING_MAX || g->ending)
			continue;
		log_say(LOG_LEVEL_WARNING, "reload", "generation %u ends before its drain_timeout: %u processes drain",
			g->number, n);
		generation_end(g);
		g->deadline_ns = clock_mono_ns() + CLOCK_S_NS;
	}
}

static void begin_reload(struct supervisor *s)
{
	static struct settings_report report;
	struct settings *settings = NULL;
	char storage[512];
	struct text why = TEXT_OVER(storage);

	s->reload_wanted = s->renews = false;
	lost_look(s, true);
	end_oldest_drains(s);
	outcome_begin(&s->outcome);
	notify_reloading();
	memset(&report, 0, sizeof(report));
	int r = settings_read(s->file, s->overrides, s->overrides_n, &settings, &report);
	report_log(s->file, r, &report);
	outcome_add_report(&s->outcome, &report);
	if (r < 0)
		text_addf(&why, "%s cannot be used", s->file);
	else if (!reload_keeps_identity(s, settings))
		text_add(&why, RELOAD_OTHER_IDENTITY);
	else if (control_prepare(&s->control, settings, &why) == 0 &&
		 generation_new(s, settings, s->current, &s->coming, &why) == 0) {
		(void)reload_begin(s); /* it has said what failed */
		return;
	}
	control_abandon(&s->control);
	settings_free(settings);
	tell_refused(s, why.at);
}

/* Sockets that were bound anew reach workers. Nobody has asked for it, so nobody is told, and nothing else is counted. */
static void begin_renewal(struct supervisor *s)
{
	char storage[512];
	struct text why = TEXT_OVER(storage);
	struct settings *settings = settings_share(s->current->settings);

	s->renews = true;
	rest_begin(&s->lost.generations, clock_mono_ns());
	end_oldest_drains(s);
	/* It stays where it is; where it could not be made it is tried again. */
	(void)!control_prepare(&s->control, settings, &why);
	why.len = 0;
	if (generation_new(s, settings, s->current, &s->coming, &why) == 0) {
		(void)reload_begin(s);
		return;
	}
	control_abandon(&s->control);
	settings_free(settings);
	tell_refused(s, why.at);
}

static const char *what_came(const struct supervisor *s, bool first)
{
	if (takeover_mode() == TAKEOVER_SETTLED)
		return "upgraded";
	if (s->renews)
		return "renewed";
	return first ? "ready" : "reloaded";
}

/* All that come are ready, and all that go have stopped. */
static void switch_over(struct supervisor *s, reload_retire_fn *retire)
{
	struct generation *old = s->current;
	bool first = !old;

	s->current = s->coming;
	s->coming = NULL;
	s->current->deadline_ns = CLOCK_NEVER;
	log_set(s->current->settings->log.level, s->current->settings->log.format);
	for (size_t i = 0; i < s->current->listeners_n; i++)
		if (!s->current->listeners[i].shard && (!s->current->listeners[i].kept || s->current->listeners[i].renamed))
			log_listening(&s->current->listeners[i]);
	say_if_no_multipath(s->current);
	generation_go(s->current);
	store_settle(s->current, old);
	control_settle(&s->control, s->current->settings);
	if (old) {
		sockets_close(old, s->current);
		retire(s, old);
	}
	log_say(LOG_LEVEL_NOTICE, what_came(s, first), "generation %u serves %zu sockets", s->current->number,
		s->current->listeners_n);
	s->lost.found = false;
	if (s->renews)
		return;
	atomic_fetch_add(&s->shared->reloads, !first && takeover_mode() == TAKEOVER_NONE);
	takeover_done();
	outcome_end(&s->outcome, false, "generation %u serves %zu sockets", s->current->number, s->current->listeners_n);
	notify_ready();
}

void reload_bound_drains(struct supervisor *s)
{
	uint64_t now_ns = clock_mono_ns();

	for (struct generation *g = s->draining; g; g = g->next)
		if (g->deadline_ns == CLOCK_NEVER)
			g->deadline_ns = clock_add(now_ns, g->drain_timeout_ns);
}

/* The old generation stops, and has its drain_timeout; but nobody's session ends because somebody's socket was lost. */
static void drain_current(struct supervisor *s, uint64_t now_ns)
{
	if (!s->renews)
		reload_bound_drains(s);
	generation_drain(s->current, s->renews ? CLOCK_NEVER : clock_add(now_ns, s->current->drain_timeout_ns));
}

/* An old worker that does not confirm is stuck; with it dead its sockets have no reader. */
static void kill_unconfirmed(struct generation *g)
{
	for (struct child *c = g->children; c; c = c->next)
		if (child_is_worker(c) && !c->drained)
			kill(c->pid, SIGKILL);
}

/* New sockets take the place of old ones at the same port. False: the old ones' queues are still to be emptied, or it was
 * refused. */
static bool take_places(struct supervisor *s, uint64_t now_ns)
{
	struct generation *g = s->coming;

	if (!g->empty_by_ns) {
		char storage[512];
		struct text why = TEXT_OVER(storage);

		if (sockets_replace(g, s->current, &why) < 0) {
			refuse(s, why.at);
			return false;
		}
		takeover_settle(); /* nothing can fail any more but our own processes */
		g->empty_by_ns = now_ns + RELOAD_EMPTY_NS;
	}
	g->deadline_ns = now_ns + RELOAD_LOOK_NS;
	return now_ns >= g->empty_by_ns || sockets_are_replaced(g, s->current);
}

void reload_advance(struct supervisor *s, reload_retire_fn *retire)
{
	uint64_t now_ns = clock_mono_ns();

	if (s->reload_wanted && s->current && !s->coming)
		begin_reload(s);
	else if (s->current && !s->coming && !s->stopping && lost_needs_generation(s))
		begin_renewal(s);
	if (!s->coming)
		return;
	if (s->coming->failed) {
		refuse(s, "a process could not start");
		return;
	}
	if (!generation_is_ready(s->coming)) {
		if (now_ns >= s->coming->deadline_ns)
			refuse(s, "its processes were not ready in time");
		return;
	}
	if (s->current && !s->current->drain_asked) {
		if (!take_places(s, now_ns))
			return;
		drain_current(s, now_ns);
		s->coming->deadline_ns = now_ns + RELOAD_CONFIRM_NS;
	}
	if (!s->current || generation_is_drained(s->current))
		switch_over(s, retire);
	else if (now_ns >= s->coming->deadline_ns) {
		kill_unconfirmed(s->current);
		s->coming->deadline_ns = now_ns + RELOAD_CONFIRM_NS;
	}
}
