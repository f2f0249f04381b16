/* SPDX-License-Identifier: MIT */
/* The result of a reload, for those who asked for it. */
#include "generation/reload_result.h"

void reload_result_begin(struct reload_result *o)
{
	o->begun++;
	o->lines = TEXT_OVER(o->storage);
}

void reload_result_add_report(struct reload_result *o, const struct settings_report *report)
{
	for (size_t i = 0; i < report->issues_n; i++)
		text_addf(&o->lines, "%s%s\n", report->issues[i].text, report->issues[i].warning ? " (warning)" : "");
	if (report->errors_n > SETTINGS_ISSUES_MAX)
		text_addf(&o->lines, "and %zu more errors\n", report->errors_n - SETTINGS_ISSUES_MAX);
}

void reload_result_end(struct reload_result *o, bool refused, const char *fmt, ...)
{
	va_list args;

	if (o->number == o->begun) /* the first start: nobody asked for it */
		return;
	o->number = o->begun;
	o->refused = refused;
	va_start(args, fmt);
	text_vaddf(&o->lines, fmt, args);
	va_end(args);
	text_add(&o->lines, "\n");
}
