/* SPDX-License-Identifier: MIT */
/* The supervisor's start. */
#include "supervisor/start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "net/passed.h"
#include "generation/child.h"
#include "generation/generation.h"
#include "generation/sd_notify.h"
#include "generation/privileges.h"
#include "supervisor/reload.h"
#include "supervisor/settings_report.h"
#include "generation/sockets.h"
#include "upgrade/takeover.h"
#include "upgrade/upgrade.h"
#include "supervisor/housekeeping.h"
#include "worker/sandbox.h"

static int fail(int code, const char *what, const char *why)
{
	log_say(LOG_LEVEL_ERROR, what, "%s", why);
	return code;
}

int start_fail_call(const char *call, int err)
{
	log_say(LOG_LEVEL_ERROR, "start", "%s: %s", call, strerror(-err));
	return EX_OSERR;
}

static void raise_descriptor_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
}

/* Maps what all processes share: new, or handed over by the program before. 0 or an exit code. */
static int share(struct supervisor *s)
{
	char storage[256];
	struct text why = TEXT_OVER(storage);
	int r;

	if (takeover_mode() != TAKEOVER_NONE)
		r = takeover_restore(&s->upgrade.all, &why);
	else {
		r = fleet_share(&s->fleet);
		if (r == 0 && pipe2(s->fleet.life, O_CLOEXEC | O_NONBLOCK) < 0)
			r = -errno;
		if (r < 0)
			text_addf(&why, "mmap or pipe: %s", strerror(-r));
	}
	return r < 0 ? fail(EX_OSERR, "start", why.at) : 0;
}

int start_prepare(struct supervisor *s)
{
	int r = fd_fill_standard();

	if (r < 0)
		return start_fail_call("open /dev/null", r);
	r = clock_leave_zone();
	if (r < 0)
		return start_fail_call("setenv", r);
	raise_descriptor_limit();
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return start_fail_call("prctl", -errno);
	r = loop_init(&s->fleet.loop, 8 + CONTROL_TIMERS + UPGRADE_TIMERS);
	if (r < 0)
		return start_fail_call("epoll", r);
	s->watchdog_ns = sd_notify_watchdog_ns();
	s->fleet.pid = getpid();
	s->fleet.started = clock_wall();
	s->fleet.started_ns = clock_mono_ns();
	control_begin(&s->control, &s->fleet);
	upgrade_begin(&s->upgrade, &(struct handover){ &s->fleet, &s->control });
	r = share(s);
	if (r)
		return r;
	log_count_lost_in(&s->fleet.shared->log_lost);
	log_quota_share(&s->fleet.shared->log_quota);
	return 0;
}

/* The configuration must stay readable, or the first reload would fail. 0 or an exit code. */
static int check_readable(const struct supervisor *s)
{
	struct settings *again = NULL;
	static struct settings_report report;
	int r = settings_read(&(struct settings_source){ s->fleet.file, s->overrides, s->overrides_n }, &again, &report);

	settings_free(again);
	if (r == 0)
		return 0;
	settings_report_log(s->fleet.file, r, &report);
	return fail(EX_NOPERM, "start", "the configuration must be readable by the user that the service becomes");
}

static int exit_code_of(int r)
{
	switch (r) {
	case -EACCES:
	case -EPERM:
		return EX_NOPERM;
	case -EINVAL:
		return EX_CONFIG;
	case -ENOMEM:
	case -EMFILE:
	case -ENFILE:
		return EX_OSERR;
	default:
		return EX_UNAVAILABLE;
	}
}

int start_serve(struct supervisor *s, struct settings *settings)
{
	char storage[512];
	struct text why = TEXT_OVER(storage);
	bool as_root = geteuid() == 0;
	int r = passed_take(&s->fleet.passed, &why);

	if (r < 0) {
		settings_free(settings);
		return fail(EX_CONFIG, "start", why.at);
	}
	r = control_prepare(&s->control, settings, &why); /* first: it tells another instance from a taken port */
	bool is_second = r == -EADDRINUSE;
	if (r == 0)
		r = generation_new(&s->fleet, settings, NULL, &s->fleet.coming, &why);
	if (r < 0) {
		settings_free(settings);
		return fail(is_second ? EX_TEMPFAIL : exit_code_of(r), "start", why.at);
	}
	if (!s->fleet.coming->listeners_n && settings->activation == SETTINGS_ACTIVATION_ONLY) {
		settings_report_what_to_enable(settings);
		sd_notify_ready(); /* or the service manager takes this end for a failure */
		sd_notify_last();
		s->ended = true;
		return 0;
	}
	memcpy(s->fleet.user, settings->user, sizeof(s->fleet.user));
	memcpy(s->fleet.group, settings->group, sizeof(s->fleet.group));
	if (!as_root && (settings->user[0] || settings->group[0]))
		log_say(LOG_LEVEL_NOTICE, "start", "`user` and `group` are ignored: not started as root");
	privileges_give(settings, s->fleet.coming->listeners, s->fleet.coming->listeners_n);
	r = privileges_drop(settings, &why);
	if (r < 0)
		return fail(r == -ENOENT ? EX_CONFIG : exit_code_of(r), "start", why.at); /* no such user, or group */
	if (as_root) {
		r = check_readable(s);
		if (r)
			return r;
	}
	sandbox_say_what_is_missing();
	housekeeping(s);
	return reload_begin(s) < 0 ? fail(EX_OSERR, "start", "cannot start the processes") : 0;
}

/* --- after a program before --------------------------------------------------------------------------------------- */

/* Checks what can be known before anything is changed. */
static int check_settings(const struct supervisor *s, const struct settings *settings)
{
	return reload_keeps_identity(s, settings) ? 0 : fail(EX_CONFIG, "upgrade", RELOAD_OTHER_IDENTITY);
}

int start_try(struct supervisor *s, struct settings *settings)
{
	char storage[512];
	struct text why = TEXT_OVER(storage);
	struct generation *g = generation_alloc(&s->fleet);
	int code = check_settings(s, settings);

	if (code || !g)
		return code ? code : EX_OSERR;
	g->settings = settings;
	return sockets_plan(g, &why) < 0 ? fail(EX_CONFIG, "upgrade", why.at) : 0;
}

/* The program before comes back: what it serves goes on, whatever becomes of a generation of its own now. */
static int give_in(struct supervisor *s, struct settings *settings, int code)
{
	if (takeover_mode() == TAKEOVER_GO)
		return code;
	settings_free(settings);
	takeover_done();
	control_serve(&s->control);
	sd_notify_ready();
	housekeeping(s);
	return 0;
}

int start_again(struct supervisor *s, struct settings *settings)
{
	char storage[512];
	struct text why = TEXT_OVER(storage);

	if (takeover_mode() == TAKEOVER_BACK) {
		log_say(LOG_LEVEL_ERROR, "upgrade",
			"the program that came failed before it was ready; the one before is back");
		child_end_strays(&s->fleet);
	}
	if (!settings || check_settings(s, settings) != 0)
		return give_in(s, settings, EX_CONFIG);
	int r = control_prepare(&s->control, settings, &why);
	if (r == 0)
		r = generation_new(&s->fleet, settings, s->fleet.current, &s->fleet.coming, &why);
	if (r < 0)
		return give_in(s, settings, fail(exit_code_of(r), "upgrade", why.at));
	housekeeping(s);
	(void)reload_begin(s); /* it has said what failed */
	return 0;
}
