/* SPDX-License-Identifier: MIT */
/* The report of what is wrong with the settings. */
#include "supervisor/settings_report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"

void settings_report_log(const char *file, int r, const struct settings_report *report)
{
	for (size_t i = 0; i < report->issues_n; i++)
		log_say(report->issues[i].warning ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "settings", "%s",
			report->issues[i].text);
	if (report->errors_n > SETTINGS_ISSUES_MAX)
		log_say(LOG_LEVEL_ERROR, "settings", "and %zu more errors", report->errors_n - SETTINGS_ISSUES_MAX);
	if (r < 0 && !report->issues_n)
		log_say(LOG_LEVEL_ERROR, "settings", "%s: %s", file, strerror(-r));
}

void settings_report_print(const char *file, int r, const struct settings_report *report)
{
	for (size_t i = 0; i < report->issues_n; i++)
		fprintf(stderr, "%s%s\n", report->issues[i].text, report->issues[i].warning ? " (warning)" : "");
	if (report->errors_n > SETTINGS_ISSUES_MAX)
		fprintf(stderr, "and %zu more errors\n", report->errors_n - SETTINGS_ISSUES_MAX);
	if (r < 0 && !report->issues_n)
		fprintf(stderr, "%s: %s\n", file, strerror(-r));
}

int settings_report_exit_code(int r, const struct settings_report *report)
{
	if (r == 0)
		return 0;
	if (report->missing)
		return EX_NOINPUT;
	return r == -EINVAL ? EX_CONFIG : r == -EACCES ? EX_NOPERM : EX_OSERR;
}

/* Is there another listener of this one's service before it? */
static bool is_further(const struct settings *s, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (s->listeners[k].enabled && s->listeners[k].service == s->listeners[i].service)
			return true;
	return false;
}

/* The units are named after services. */
void settings_report_what_to_enable(const struct settings *settings)
{
	char storage[1024];
	struct text units = TEXT_OVER(storage);

	for (size_t i = 0; i < settings->listeners_n; i++)
		if (settings->listeners[i].enabled && !is_further(settings, i))
			text_addf(&units, " echotimed-%s.socket", settings->listeners[i].service->name);
	log_say(LOG_LEVEL_NOTICE, "start", "no socket was passed, so there is nothing to serve; enable one or more of:%s",
		units.at);
}
