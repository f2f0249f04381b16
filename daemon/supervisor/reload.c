/* SPDX-License-Identifier: MIT */
/* From one generation to the next: the first start, and every reload, as one transaction. */
#include "supervisor/reload.h"

#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/make.h"
#include "generation/child.h"
#include "generation/generation.h"
#include "generation/lost.h"
#include "generation/sd_notify.h"
#include "supervisor/settings_report.h"
#include "generation/sockets.h"
#include "generation/fdstore.h"
#include "upgrade/takeover.h"
#include "supervisor/housekeeping.h"

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
		n += make_wants_multipath(l) && !l->multipath && !listener_is_kept(l) && !listener_is_passed(l);
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
	log_say(LOG_LEVEL_ERROR, "reload", "refused: %s; generation %u goes on serving", why, s->fleet.current->number);
	atomic_fetch_add(&s->fleet.shared->reloads_refused, 1);
	reload_result_end(&s->fleet.result, true, "refused: %s; generation %u goes on serving", why,
			  s->fleet.current->number);
	housekeeping_tell_status(s);
	sd_notify_ready();
}

/* The coming generation does not come. */
static void refuse_coming(struct supervisor *s, const char *why)
{
	struct generation *g = s->fleet.coming;

	s->fleet.coming = NULL;
	generation_kill(g);
	if (takeover_mode() == TAKEOVER_GO) { /* the program before goes on with what it handed over */
		log_say(LOG_LEVEL_ERROR, "upgrade", "%s", why);
		sockets_close(g, s->fleet.current);
		control_abandon(&s->control);
		s->exit_code = EX_OSERR;
		s->ended = true;
		return;
	}
	sockets_abandon(g, s->fleet.current);
	control_abandon(&s->control);
	generation_retire(g);
	g->next = s->fleet.draining; /* until its processes are reaped */
	g->deadline_ns = clock_mono_ns();
	s->fleet.draining = g;
	if (s->fleet.current) {
		tell_refused(s, why);
		return;
	}
	log_say(LOG_LEVEL_ERROR, "start", "%s", why);
	s->exit_code = EX_OSERR;
	s->ended = true;
}

int reload_begin(struct supervisor *s)
{
	s->fleet.coming->deadline_ns = clock_mono_ns() + RELOAD_READY_NS;
	int r = generation_start(s->fleet.coming);

	if (r < 0)
		refuse_coming(s, strerror(-r));
	return r;
}

bool reload_keeps_identity(const struct supervisor *s, const struct settings *settings)
{
	return strcmp(s->fleet.user, settings->user) == 0 && strcmp(s->fleet.group, settings->group) == 0;
}

/* The list has the oldest last: what may go on is counted from its front. */
static void end_oldest_drains(struct supervisor *s)
{
	uint32_t n = 0;

	for (struct generation *g = s->fleet.draining; g; g = g->next) {
		n += generation_count(g);
		if (n <= RELOAD_DRAINING_MAX || g->phase == GENERATION_ENDING)
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

	s->fleet.reload_wanted = s->renews = false;
	housekeeping_sockets(s, true);
	end_oldest_drains(s);
	reload_result_begin(&s->fleet.result);
	sd_notify_reloading();
	memset(&report, 0, sizeof(report));
	int r = settings_read(&(struct settings_source){ s->fleet.file, s->overrides, s->overrides_n }, &settings, &report);
	settings_report_log(s->fleet.file, r, &report);
	reload_result_add_report(&s->fleet.result, &report);
	if (r < 0)
		text_addf(&why, "%s cannot be used", s->fleet.file);
	else if (!reload_keeps_identity(s, settings))
		text_add(&why, RELOAD_OTHER_IDENTITY);
	else if (control_prepare(&s->control, settings, &why) == 0 &&
		 generation_new(&s->fleet, settings, s->fleet.current, &s->fleet.coming, &why) == 0) {
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
	struct settings *settings = settings_share(s->fleet.current->settings);

	s->renews = true;
	rest_begin(&s->fleet.lost.generations, clock_mono_ns());
	end_oldest_drains(s);
	/* The control socket stays where it is; where it could not be made it is tried again. */
	(void)!control_prepare(&s->control, settings, &why);
	why.len = 0;
	if (generation_new(&s->fleet, settings, s->fleet.current, &s->fleet.coming, &why) == 0) {
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
	struct generation *old = s->fleet.current;
	bool first = !old;

	s->fleet.current = s->fleet.coming;
	s->fleet.coming = NULL;
	s->fleet.current->deadline_ns = CLOCK_NEVER;
	log_set(s->fleet.current->settings->log.level, s->fleet.current->settings->log.format);
	for (size_t i = 0; i < s->fleet.current->listeners_n; i++)
		if (!s->fleet.current->listeners[i].shard && s->fleet.current->listeners[i].arrival != ARRIVAL_KEPT)
			log_listening(&s->fleet.current->listeners[i]);
	say_if_no_multipath(s->fleet.current);
	generation_go(s->fleet.current);
	fdstore_settle(s->fleet.current, old);
	control_settle(&s->control, s->fleet.current->settings);
	if (old) {
		sockets_close(old, s->fleet.current);
		retire(s, old);
	}
	log_say(LOG_LEVEL_NOTICE, what_came(s, first), "generation %u serves %zu sockets", s->fleet.current->number,
		s->fleet.current->listeners_n);
	s->fleet.lost.found = false;
	if (s->renews)
		return;
	atomic_fetch_add(&s->fleet.shared->reloads, !first && takeover_mode() == TAKEOVER_NONE);
	takeover_done();
	reload_result_end(&s->fleet.result, false, "generation %u serves %zu sockets", s->fleet.current->number,
			  s->fleet.current->listeners_n);
	sd_notify_ready();
}

void reload_bound_drains(struct supervisor *s)
{
	uint64_t now_ns = clock_mono_ns();

	for (struct generation *g = s->fleet.draining; g; g = g->next)
		if (g->deadline_ns == CLOCK_NEVER)
			g->deadline_ns = clock_add(now_ns, g->drain_timeout_ns);
}

/* The old generation stops, and has its drain_timeout; but nobody's session ends because somebody's socket was lost. */
static void drain_current(struct supervisor *s, uint64_t now_ns)
{
	if (!s->renews)
		reload_bound_drains(s);
	generation_drain(s->fleet.current, s->renews ? CLOCK_NEVER : clock_add(now_ns, s->fleet.current->drain_timeout_ns));
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
	struct generation *g = s->fleet.coming;

	if (!g->empty_by_ns) {
		char storage[512];
		struct text why = TEXT_OVER(storage);

		if (sockets_replace(g, s->fleet.current, &why) < 0) {
			refuse_coming(s, why.at);
			return false;
		}
		takeover_settle(); /* nothing can fail any more but our own processes */
		g->empty_by_ns = now_ns + RELOAD_EMPTY_NS;
	}
	g->deadline_ns = now_ns + RELOAD_LOOK_NS;
	return now_ns >= g->empty_by_ns || sockets_are_replaced(g, s->fleet.current);
}

void reload_advance(struct supervisor *s, reload_retire_fn *retire)
{
	uint64_t now_ns = clock_mono_ns();

	if (s->fleet.reload_wanted && s->fleet.current && !s->fleet.coming)
		begin_reload(s);
	else if (s->fleet.current && !s->fleet.coming && !s->fleet.stopping && lost_needs_generation(&s->fleet))
		begin_renewal(s);
	if (!s->fleet.coming)
		return;
	if (s->fleet.coming->phase == GENERATION_FAILED) {
		refuse_coming(s, "a process could not start");
		return;
	}
	if (!generation_is_ready(s->fleet.coming)) {
		if (now_ns >= s->fleet.coming->deadline_ns)
			refuse_coming(s, "its processes were not ready in time");
		return;
	}
	if (s->fleet.current && s->fleet.current->phase < GENERATION_DRAINING) {
		if (!take_places(s, now_ns))
			return;
		drain_current(s, now_ns);
		s->fleet.coming->deadline_ns = now_ns + RELOAD_CONFIRM_NS;
	}
	if (!s->fleet.current || generation_is_drained(s->fleet.current))
		switch_over(s, retire);
	else if (now_ns >= s->fleet.coming->deadline_ns) {
		kill_unconfirmed(s->fleet.current);
		s->fleet.coming->deadline_ns = now_ns + RELOAD_CONFIRM_NS;
	}
}
