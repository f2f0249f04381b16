/* SPDX-License-Identifier: MIT */
/* What settings/ shares among its own files: storage that lives as long as the settings, and messages with their place. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "settings/private.h"
#include "settings/rows.h"

/* Failing here frees what it was given: the caller has one thing to check. */
void *private_keep(struct draft *d, void *allocated)
{
	struct settings_private *own = d->settings->own;

	if (allocated != NULL && own->kept_n == own->kept_cap) {
		size_t cap = own->kept_cap == 0 ? 64 : own->kept_cap * 2;
		void **kept = reallocarray(own->kept, cap, sizeof(*kept));

		if (kept == NULL) {
			free(allocated);
			allocated = NULL;
		} else {
			own->kept = kept;
			own->kept_cap = cap;
		}
	}
	if (allocated == NULL)
		d->no_memory = true;
	else
		own->kept[own->kept_n++] = allocated;
	return allocated;
}

const char *private_text(struct draft *d, const char *s)
{
	return private_keep(d, strdup(s));
}

/* The place of the value where one was written, else of the listener: an editor should land where the change is due. */
struct where private_where(const struct settings *s, const struct listener_settings *l, const char *key)
{
	size_t i = (size_t)(l - s->listeners);
	const struct listener_own *own = &s->own->listeners[i];
	const struct row *row = rows_find(SCOPE_LISTENER, key);
	const struct origin *said = row != NULL ? &own->origins[row - rows_all] : NULL;
	struct where w = { .at = own->at };
	struct text path = TEXT_OVER(w.path);

	if (said != NULL && said->file != NULL)
		w.at = *said;
	if (w.at.inherited)
		text_addf(&path, "defaults.%s", key);
	else
		text_addf(&path, "listeners.[%zu]%s%s", i, key[0] != '\0' ? "." : "", key);
	return w;
}

/* By the list, not by the origins: those are of values that were good. */
bool private_is_written(const struct draft *d, const struct listener_settings *l, const char *key)
{
	char path[FLAT_PATH_MAX];

	(void)snprintf(path, sizeof(path), "defaults.%s", key);
	if (flat_find(d->flat, path) != NULL)
		return true;
	(void)snprintf(path, sizeof(path), "listeners.[%zu].%s", (size_t)(l - d->settings->listeners), key);
	return flat_find(d->flat, path) != NULL;
}

/* What a value from the file may bring into a message: a control byte would let it forge lines. */
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

static void add_issue(struct draft *d, const struct origin *at, const char *path, const struct said *issue)
{
	struct settings_report *r = d->report;
	struct settings_issue *to;
	const char *colon = path[0] != '\0' ? ": " : "";

	if (r == NULL)
		return;
	r->errors_n += issue->warning ? 0 : 1;
	if (r->issues_n == SETTINGS_ISSUES_MAX)
		return;
	to = &r->issues[r->issues_n++];
	to->warning = issue->warning;
	/* What does not fit is cut: half a long message is better than none. */
	if (at->file == NULL)
		(void)snprintf(to->text, sizeof(to->text), "%s: %s%s%s", d->file, path, colon, issue->text);
	else if (at->line == 0)
		(void)snprintf(to->text, sizeof(to->text), "%s %s%s%s", at->file, path, colon, issue->text);
	else
		(void)snprintf(to->text, sizeof(to->text), "%s:%u: %s%s%s", at->file, at->line, path, colon, issue->text);
	make_printable(to->text);
}

void private_whole_issue(struct draft *d, const char *text)
{
	struct settings_report *r = d->report;

	r->errors_n++;
	if (r->issues_n == SETTINGS_ISSUES_MAX)
		return;
	(void)snprintf(r->issues[r->issues_n].text, sizeof(r->issues[0].text), "%s", text);
	make_printable(r->issues[r->issues_n].text);
	r->issues_n++;
}

void private_issue(struct draft *d, const struct origin *at, const char *path, const char *fmt, ...)
{
	struct said issue = { .warning = false };
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(issue.text, sizeof(issue.text), fmt, args);
	va_end(args);
	add_issue(d, at, path, &issue);
}

bool private_is_spare(const struct settings *s, const struct listener_settings *l)
{
	return (size_t)(l - s->listeners) >= s->listeners_n;
}

static void make_unfit(struct draft *d, const struct listener_settings *l, const char *key, const struct said *issue)
{
	struct listener_settings *spare = &d->settings->listeners[l - d->settings->listeners];
	char text[sizeof(issue->text) + 64];

	(void)snprintf(text, sizeof(text), "%s %s", key, issue->text);
	make_printable(text);
	if (!issue->warning && spare->unfit == NULL)
		spare->unfit = private_text(d, text);
}

static void add_issue_at(struct draft *d, const struct listener_settings *l, const char *key, const struct said *issue)
{
	struct where w = private_where(d->settings, l, key);

	if (private_is_spare(d->settings, l))
		make_unfit(d, l, key, issue);
	else
		add_issue(d, &w.at, w.path, issue);
}

void private_issue_at(struct draft *d, const struct listener_settings *l, const char *key, const char *fmt, ...)
{
	struct said issue = { .warning = false };
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(issue.text, sizeof(issue.text), fmt, args);
	va_end(args);
	add_issue_at(d, l, key, &issue);
}

void private_warning_at(struct draft *d, const struct listener_settings *l, const char *key, const char *fmt, ...)
{
	struct said issue = { .warning = true };
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(issue.text, sizeof(issue.text), fmt, args);
	va_end(args);
	add_issue_at(d, l, key, &issue);
}

static bool is_among(const char *key, const char *const *keys)
{
	while (*keys != NULL && strcmp(*keys, key) != 0)
		keys++;
	return *keys != NULL;
}

const char *private_misfit(const struct listener_settings *l, const char *key)
{
	static const char *const of_files[] = { "mode", "owner", "group", NULL };
	static const char *const of_inet[] = { "address", "port",          "interface",          "freebind", "v6only",
					       "dscp",    "amplification", "allow_source_ports", "udp_rate", NULL };
	static const char *const of_streams[] = { "proxy", "proxy_from", NULL };

	if ((l->transports & TRANSPORT_UDP) == 0 && strcmp(key, "shards") == 0)
		return "is for the transport udp only";
	if ((l->transports & TRANSPORT_STREAMS) == 0 && is_among(key, of_streams))
		return "is for the transports tcp and unix only";
	if ((l->transports & TRANSPORT_UNIXES) == 0 && (is_among(key, of_files) || strcmp(key, "path") == 0))
		return "is for the transports unix, unixgram and unixpacket only";
	if ((l->transports & ~(unsigned)TRANSPORT_UNIXES) == 0 && is_among(key, of_inet))
		return "is for the transports tcp and udp only";
	if (l->path[0] == '@' && is_among(key, of_files))
		return "is for paths: an abstract name has none";
	return NULL;
}

bool private_pool_has_model(const struct settings *s, size_t pool)
{
	const struct origin *origins = s->own->pools[pool];

	return pool < POOL_MODELS_N || origins[rows_find(SCOPE_POOL, "model") - rows_all].file != NULL;
}
