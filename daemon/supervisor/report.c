/* SPDX-License-Identifier: MIT */
/* What is wrong with the settings, told. */
#include "supervisor/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"

void report_log(const char *file, int r, const struct settings_report *report)
{
	for (size_t i = 0; i < report->issues_n; i++)
		log_say(report->issues[i].warning ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "settings", "%s",
			report->issues[i].text);
	if (report->errors_n > SETTINGS_ISSUES_MAX)
		log_say(LOG_LEVEL_ERROR, "settings", "and %zu more errors", report->errors_n - SETTINGS_ISSUES_MAX);
	if (r < 0 && !report->issues_n)
		log_say(LOG_LEVEL_ERROR, "settings", "%s: %s", file, strerror(-r));
}

void report_print(const char *file, int r, const struct settings_report *report)
{
	for (size_t i = 0; i < report->issues_n; i++)
		fprintf(stderr, "%s%s\n", report->issues[i].text, report->issues[i].warning ? " (warning)" : "");
	if (report->errors_n > SETTINGS_ISSUES_MAX)
		fprintf(stderr, "and %zu more errors\n", report->errors_n - SETTINGS_ISSUES_MAX);
	if (r < 0 && !report->issues_n)
		fprintf(stderr, "%s: %s\n", file, strerror(-r));
}

int report_exit_code(int r, const struct settings_report *report)
{
	if (r == 0)
		return 0;
	if (report->missing)
		return EX_NOINPUT;
	return r == -EINVAL ? EX_CONFIG : r == -EACCES ? EX_NOPERM : EX_OSERR;
}
