/* SPDX-License-Identifier: MIT */
/* The issues of the settings: texts put together, counted, and kept from forging lines. */
#include "settings/issues.h"

#include <stdarg.h>
#include <stdio.h>

#include "settings/origins.h"

/* A value from the file as a message may have it: a control byte would let it forge lines. */
static void make_printable(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7F)
			*s = '?';
}

/* An issue without its place. Shorter than a whole one, so that the place fits too. */
struct said {
	bool warning;
	char text[400];
};

static void add(struct draft *d, const struct origin *at, const char *path, const struct said *issue)
{
	struct settings_report *r = d->report;
	struct settings_issue *to;
	const char *colon = path[0] != '\0' ? ": " : "";

	if (!r)
		return;
	r->errors_n += issue->warning ? 0 : 1;
	if (r->issues_n == SETTINGS_ISSUES_MAX)
		return;
	to = &r->issues[r->issues_n++];
	to->warning = issue->warning;
	/* A message that does not fit is cut: half a long message is better than none. */
	if (!at->file)
		(void)snprintf(to->text, sizeof(to->text), "%s: %s%s%s", d->file, path, colon, issue->text);
	else if (at->line == 0)
		(void)snprintf(to->text, sizeof(to->text), "%s %s%s%s", at->file, path, colon, issue->text);
	else
		(void)snprintf(to->text, sizeof(to->text), "%s:%u: %s%s%s", at->file, at->line, path, colon, issue->text);
	make_printable(to->text);
}

void issues_add_whole(struct draft *d, const char *text)
{
	struct settings_report *r = d->report;

	r->errors_n++;
	if (r->issues_n == SETTINGS_ISSUES_MAX)
		return;
	(void)snprintf(r->issues[r->issues_n].text, sizeof(r->issues[0].text), "%s", text);
	make_printable(r->issues[r->issues_n].text);
	r->issues_n++;
}

void issues_add(struct draft *d, const struct origin *at, const char *path, const char *fmt, ...)
{
	struct said issue = { .warning = false };
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(issue.text, sizeof(issue.text), fmt, args);
	va_end(args);
	add(d, at, path, &issue);
}

static void make_unfit(struct draft *d, const struct listener_settings *l, const char *key, const struct said *issue)
{
	struct listener_settings *spare = &d->settings->listeners[l - d->settings->listeners];
	char text[sizeof(issue->text) + 64];

	(void)snprintf(text, sizeof(text), "%s %s", key, issue->text);
	make_printable(text);
	if (!issue->warning && !spare->unfit)
		spare->unfit = draft_text(d, text);
}

static void add_at(struct draft *d, const struct listener_settings *l, const char *key, const struct said *issue)
{
	struct where w = origins_where(d->settings, l, key);

	if (draft_is_spare(d->settings, l))
		make_unfit(d, l, key, issue);
	else
		add(d, &w.at, w.path, issue);
}

void issues_add_at(struct draft *d, const struct listener_settings *l, const char *key, const char *fmt, ...)
{
	struct said issue = { .warning = false };
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(issue.text, sizeof(issue.text), fmt, args);
	va_end(args);
	add_at(d, l, key, &issue);
}

void issues_warn_at(struct draft *d, const struct listener_settings *l, const char *key, const char *fmt, ...)
{
	struct said issue = { .warning = true };
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(issue.text, sizeof(issue.text), fmt, args);
	va_end(args);
	add_at(d, l, key, &issue);
}
