/* SPDX-License-Identifier: MIT */
/* The answer to a command as a person reads it: sentences and tables. */
#include "echotimectl/screen.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "echotimectl/human.h"
#include "echotimectl/member.h"

static const char *const status_titles[] = { "LISTENER", "ADDRESS",  "POOL",        "STATE", ">SESSIONS", ">WAITING",
					     ">NEW/S",   ">ASKED/S", ">ANSWERED/S", ">IN/S", ">OUT/S",    ">REFUSED/S" };
static const char *const pool_titles[] = { "POOL", "MODEL", ">STARTING", ">IDLE", ">BUSY", ">DRAINING", ">SESSIONS", "" };
static const char *const draining_titles[] = { "EARLIER GENERATION", ">PROCESSES", ">SESSIONS", ">ENDS IN" };
static const char *const stats_titles[] = { "LISTENER",  ">SESSIONS", ">ACTIVE",  ">RECEIVED", ">SENT",    ">DATAGRAMS",
					    ">ANSWERED", ">REFUSED",  ">DROPPED", ">ERRORS",   ">LOOKUPS", ">FAILED" };
static const char *const reason_titles[] = { "LISTENER", "REFUSED FOR", ">COUNT", ">DRY RUN" };

static const char *const impaired_titles[] = { "IMPAIRED", "HOW", "BY" };
static const char *const fault_titles[] = { "LISTENER", "IMPAIRED BY", ">COUNT" };

static void add_escaped(struct text *t, const char *s)
{
	text_add_printable(t, s, strlen(s));
}

/* --- cells ---------------------------------------------------------------------------------------------------------- */

/* A figure that means nothing to a listener of this kind is no 0. */
static void number_cell_if(struct table *t, bool has, uint64_t v)
{
	if (has)
		table_number(t, v);
	else
		table_cell(t, "-");
}

static bool has_datagrams(const json_t *listener)
{
	const char *transport = member_text(listener, "transport");

	return strcmp(transport, "udp") == 0 || strcmp(transport, "unixgram") == 0;
}

/* --- status --------------------------------------------------------------------------------------------------------- */

static void print_daemon(const json_t *d)
{
	char storage[2048];
	struct text t = TEXT_OVER(storage);

	text_add(&t, "echotimed ");
	add_escaped(&t, member_text(d, "version"));
	text_addf(&t, ", process %" PRIu64 ", ", member_number(d, "pid"));
	add_escaped(&t, member_text(d, "state"));
	text_add(&t, " since ");
	human_time(&t, (int64_t)member_number(d, "since_unix_s"));
	text_add(&t, " (");
	human_duration(&t, member_number(d, "uptime_ms"));
	text_add(&t, ")\nsettings of ");
	add_escaped(&t, member_text(d, "file"));
	text_addf(&t, ", generation %" PRIu64 "; reloads: %" PRIu64 " taken over, %" PRIu64 " refused\nclock ",
		  member_number(d, "generation"), member_number(d, "reloads"), member_number(d, "reloads_refused"));
	add_escaped(&t, member_text(d, "clock"));
	if (json_object_get(d, "clock_error_us"))
		text_addf(&t, " within %" PRIu64 " us", member_number(d, "clock_error_us"));
	text_addf(&t, "; %" PRIu64 " sessions", member_number(d, "sessions"));
	if (member_number(d, "sessions_max")) /* not known while the settings cannot be read */
		text_addf(&t, " of at most %" PRIu64, member_number(d, "sessions_max"));
	text_add(&t, "\n");
	puts(t.at);
}

static void address_cell(struct table *t, const json_t *listener)
{
	const json_t *addresses = json_object_get(listener, "addresses");
	char storage[1024];
	struct text s = TEXT_OVER(storage);
	size_t n = json_array_size(addresses);

	for (size_t i = 0; i < n; i++) {
		const char *address = json_string_value(json_array_get(addresses, i));
		text_addf(&s, "%s%s", i ? " " : "", address ? address : "");
	}
	if (member_number(listener, "addresses_n") > n)
		text_addf(&s, " and %" PRIu64 " more", member_number(listener, "addresses_n") - n);
	if (json_is_true(json_object_get(listener, "mptcp")))
		text_add(&s, " (MPTCP)");
	table_cell(t, s.at);
}

static void sessions_cell(struct table *t, const json_t *listener)
{
	char storage[64];
	struct text s = TEXT_OVER(storage);

	text_addf(&s, "%" PRIu64, member_number(listener, "sessions"));
	if (member_number(listener, "sessions_max"))
		text_addf(&s, "/%" PRIu64, member_number(listener, "sessions_max"));
	table_cell(t, has_datagrams(listener) ? "-" : s.at);
}

static void add_listener(struct table *t, const json_t *l)
{
	bool datagrams = has_datagrams(l);

	table_cell(t, member_text(l, "listener"));
	address_cell(t, l);
	table_cell(t, member_text(l, "pool"));
	table_cell(t, json_object_get(l, "lost")                    ? "lost"
		      : json_is_true(json_object_get(l, "drained")) ? "drained"
								    : "serving");
	sessions_cell(t, l);
	number_cell_if(t, !datagrams, member_number(l, "waiting"));
	number_cell_if(t, !datagrams, member_number(l, "sessions_per_s"));
	number_cell_if(t, datagrams, member_number(l, "datagrams_per_s"));
	number_cell_if(t, datagrams, member_number(l, "answers_per_s"));
	table_size(t, member_number(l, "received_bytes_per_s"));
	table_size(t, member_number(l, "sent_bytes_per_s"));
	table_number(t, member_number(l, "refused_per_s"));
}

static void add_impair(struct table *t, const json_t *l)
{
	if (!json_object_get(l, "impair"))
		return;
	table_cell(t, member_text(l, "listener"));
	table_cell(t, member_text(l, "impair"));
	table_cell(t, member_text(l, "impair_by"));
}

static void add_pool(struct table *t, const json_t *p)
{
	char storage[64];
	struct text s = TEXT_OVER(storage);

	table_cell(t, member_text(p, "pool"));
	table_cell(t, member_text(p, "model"));
	table_number(t, member_number(p, "starting"));
	table_number(t, member_number(p, "idle"));
	table_number(t, member_number(p, "busy"));
	table_number(t, member_number(p, "draining"));
	number_cell_if(t, json_object_get(p, "sessions") != NULL, member_number(p, "sessions"));
	if (member_number(p, "throttled_ms")) {
		text_add(&s, "its processes die: waits ");
		human_duration(&s, member_number(p, "throttled_ms"));
	}
	table_cell(t, s.at);
}

static void add_status(struct screen *s, const char *kind, const json_t *line)
{
	if (strcmp(kind, "daemon") == 0)
		print_daemon(line);
	else if (strcmp(kind, "listener") == 0) {
		add_listener(&s->main, line);
		add_impair(&s->impaired, line);
	} else if (strcmp(kind, "pool") == 0)
		add_pool(&s->more, line);
	else if (strcmp(kind, "draining") == 0) {
		table_number(&s->draining, member_number(line, "generation"));
		table_number(&s->draining, member_number(line, "processes"));
		table_number(&s->draining, member_number(line, "sessions"));
		if (json_object_get(line, "ends_in_ms"))
			table_duration(&s->draining, member_number(line, "ends_in_ms"));
		else
			table_cell(&s->draining, "-");
	}
}

/* --- stats ---------------------------------------------------------------------------------------------------------- */

/* A row for each reason that has ever applied. The number of refusals. */
static uint64_t add_reasons(struct table *t, const char *name, const json_t *line)
{
	const json_t *dry = json_object_get(line, "dry_run");
	const char *reason;
	uint64_t all = 0;
	json_t *n;

	json_object_foreach(json_object_get(line, "refused"), reason, n)
	{
		uint64_t refused = (uint64_t)json_integer_value(n), spared = member_number(dry, reason);

		all += refused;
		if (!refused && !spared)
			continue;
		table_cell(t, name);
		table_cell(t, reason);
		table_number(t, refused);
		table_number(t, spared);
	}
	return all;
}

/* A row for each fault that was ever done. */
static void add_faults(struct table *t, const char *name, const json_t *line)
{
	const char *fault;
	json_t *n;

	json_object_foreach(json_object_get(line, "impaired"), fault, n)
	{
		if (!json_integer_value(n))
			continue;
		table_cell(t, name);
		table_cell(t, fault);
		table_number(t, (uint64_t)json_integer_value(n));
	}
}

static void add_stats(struct screen *s, const char *kind, const json_t *line)
{
	bool is_total = strcmp(kind, "total") == 0;
	const char *name = is_total ? "total" : member_text(line, "listener");

	if (strcmp(kind, "daemon") == 0) {
		printf("reloads: %" PRIu64 " taken over, %" PRIu64 " refused; memory for what clients do not take: ",
		       member_number(line, "reloads"), member_number(line, "reloads_refused"));
		printf("%" PRIu64 " bytes; lookups waiting: %" PRIu64 "; log lines lost: %" PRIu64 "\n\n",
		       member_number(line, "buffer_bytes"), member_number(line, "lookups_waiting"),
		       member_number(line, "log_lines_lost"));
		return;
	}
	if (!is_total && strcmp(kind, "listener") != 0)
		return;
	table_cell(&s->main, name);
	table_number(&s->main, member_number(line, "sessions"));
	table_number(&s->main, member_number(line, "active"));
	table_size(&s->main, member_number(line, "received_bytes"));
	table_size(&s->main, member_number(line, "sent_bytes"));
	table_number(&s->main, member_number(line, "datagrams_received"));
	table_number(&s->main, member_number(line, "datagrams_answered"));
	table_number(&s->main, add_reasons(&s->more, name, line));
	table_number(&s->main, member_number(line, "kernel_drops"));
	table_number(&s->main, member_number(line, "send_errors") + member_number(line, "accept_errors"));
	table_number(&s->main, member_number(line, "lookups"));
	table_number(&s->main, member_number(line, "lookups_failed"));
	add_faults(&s->impaired, name, line);
}

/* --- all ------------------------------------------------------------------------------------------------------------ */

void screen_init(struct screen *s, const char *command)
{
	s->command = command;
	TABLE_INIT(&s->draining, draining_titles);
	TABLE_INIT(&s->impaired, impaired_titles);
	s->offenders = (struct offenders){ 0 };
	s->top = (struct top){ 0 };
	if (strcmp(command, "stats") == 0) {
		TABLE_INIT(&s->main, stats_titles);
		TABLE_INIT(&s->more, reason_titles);
		TABLE_INIT(&s->impaired, fault_titles);
	} else if (strcmp(command, "limits") == 0) {
		lists_init_refusals(&s->main);
		lists_show_offenders(&s->offenders, &s->more);
	} else if (strcmp(command, "top") == 0) {
		top_show(&s->top, &s->main);
		TABLE_INIT(&s->more, pool_titles);
	} else if (strcmp(command, "sessions") == 0) {
		lists_init_sessions(&s->main);
		TABLE_INIT(&s->more, pool_titles);
	} else {
		TABLE_INIT(&s->main, status_titles);
		TABLE_INIT(&s->more, pool_titles);
	}
}

void screen_add(struct screen *s, const json_t *line)
{
	const char *kind = member_text(line, "kind");
	char storage[2048];
	struct text t = TEXT_OVER(storage);

	if (strcmp(kind, "message") == 0) {
		add_escaped(&t, member_text(line, "text"));
		puts(t.at);
	} else if (strcmp(s->command, "status") == 0)
		add_status(s, kind, line);
	else if (strcmp(s->command, "stats") == 0)
		add_stats(s, kind, line);
	else if (strcmp(kind, "session") == 0 && strcmp(s->command, "top") == 0)
		top_add(&s->top, line);
	else if (strcmp(kind, "session") == 0)
		lists_add_session(&s->main, line);
	else if (strcmp(kind, "refusals") == 0)
		lists_add_refusals(&s->main, line);
	else if (strcmp(kind, "offender") == 0)
		lists_add_offender(&s->offenders, line);
}

/* The meaning of an empty answer. */
static const char *nothing_of(const char *command)
{
	if (strcmp(command, "sessions") == 0 || strcmp(command, "top") == 0)
		return "no session is open";
	return strcmp(command, "limits") == 0 ? "nothing has been refused" : NULL;
}

void screen_print(struct screen *s)
{
	struct table *all[] = { &s->main, &s->impaired, &s->more, &s->draining };
	bool printed = false;

	if (s->top.n)
		top_show(&s->top, &s->main);
	if (s->offenders.n)
		lists_show_offenders(&s->offenders, &s->more);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i]->cells_n && printed)
			puts("");
		printed = printed || all[i]->cells_n;
		table_print(all[i], i ? NULL : nothing_of(s->command));
		table_done(all[i]);
	}
}
