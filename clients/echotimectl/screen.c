/* SPDX-License-Identifier: MIT */
/* The answer to a command as a person reads it: sentences and tables. */
#include "echotimectl/screen.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "echotimectl/human.h"

#define INIT(table, titles) table_init(table, titles, sizeof(titles) / sizeof((titles)[0]))

static const char *const status_titles[] = { "LISTENER", "ADDRESS",     "POOL",  ">SESSIONS", ">WAITING",  ">NEW/S",
					     ">ASKED/S", ">ANSWERED/S", ">IN/S", ">OUT/S",    ">REFUSED/S" };
static const char *const pool_titles[] = { "POOL", "MODEL", ">STARTING", ">IDLE", ">BUSY", ">DRAINING", ">SESSIONS", "" };
static const char *const draining_titles[] = { "EARLIER GENERATION", ">PROCESSES", ">SESSIONS", ">ENDS IN" };
static const char *const stats_titles[] = { "LISTENER",  ">SESSIONS", ">ACTIVE",  ">RECEIVED", ">SENT",    ">DATAGRAMS",
					    ">ANSWERED", ">REFUSED",  ">DROPPED", ">ERRORS",   ">LOOKUPS", ">FAILED" };
static const char *const reason_titles[] = { "LISTENER", "REFUSED FOR", ">COUNT", ">DRY RUN" };

/* --- members of a line -------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *line, const char *key)
{
	const char *s = json_string_value(json_object_get(line, key));

	return s ? s : "";
}

static uint64_t number_of(const json_t *line, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(line, key));

	return v > 0 ? (uint64_t)v : 0;
}

static void add_escaped(struct text *t, const char *s)
{
	text_add_printable(t, s, strlen(s));
}

/* --- cells ---------------------------------------------------------------------------------------------------------- */

static void size_cell(struct table *t, uint64_t bytes)
{
	char storage[32];
	struct text s = TEXT_OVER(storage);

	human_size(&s, bytes);
	table_cell(t, s.at);
}

static void duration_cell(struct table *t, uint64_t ms)
{
	char storage[32];
	struct text s = TEXT_OVER(storage);

	human_duration(&s, ms);
	table_cell(t, s.at);
}

/* What means nothing to a listener of this kind is no 0. */
static void number_cell_if(struct table *t, bool has, uint64_t v)
{
	if (has)
		table_number(t, v);
	else
		table_cell(t, "-");
}

static bool has_datagrams(const json_t *listener)
{
	const char *transport = text_of(listener, "transport");

	return strcmp(transport, "udp") == 0 || strcmp(transport, "unixgram") == 0;
}

/* --- status --------------------------------------------------------------------------------------------------------- */

static void print_daemon(const json_t *d)
{
	char storage[2048];
	struct text t = TEXT_OVER(storage);

	text_add(&t, "echotimed ");
	add_escaped(&t, text_of(d, "version"));
	text_addf(&t, ", process %" PRIu64 ", ", number_of(d, "pid"));
	add_escaped(&t, text_of(d, "state"));
	text_add(&t, " since ");
	human_time(&t, (int64_t)number_of(d, "since_unix_s"));
	text_add(&t, " (");
	human_duration(&t, number_of(d, "uptime_ms"));
	text_add(&t, ")\nsettings of ");
	add_escaped(&t, text_of(d, "file"));
	text_addf(&t, ", generation %" PRIu64 "; reloads: %" PRIu64 " taken over, %" PRIu64 " refused\nclock ",
		  number_of(d, "generation"), number_of(d, "reloads"), number_of(d, "reloads_refused"));
	add_escaped(&t, text_of(d, "clock"));
	if (json_object_get(d, "clock_error_us"))
		text_addf(&t, " within %" PRIu64 " us", number_of(d, "clock_error_us"));
	text_addf(&t, "; %" PRIu64 " sessions of at most %" PRIu64 "\n", number_of(d, "sessions"),
		  number_of(d, "sessions_max"));
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
	if (number_of(listener, "addresses_n") > n)
		text_addf(&s, " and %" PRIu64 " more", number_of(listener, "addresses_n") - n);
	table_cell(t, s.at);
}

static void sessions_cell(struct table *t, const json_t *listener)
{
	char storage[64];
	struct text s = TEXT_OVER(storage);

	text_addf(&s, "%" PRIu64, number_of(listener, "sessions"));
	if (number_of(listener, "sessions_max"))
		text_addf(&s, "/%" PRIu64, number_of(listener, "sessions_max"));
	table_cell(t, has_datagrams(listener) ? "-" : s.at);
}

static void add_listener(struct table *t, const json_t *l)
{
	bool datagrams = has_datagrams(l);

	table_cell(t, text_of(l, "listener"));
	address_cell(t, l);
	table_cell(t, text_of(l, "pool"));
	sessions_cell(t, l);
	number_cell_if(t, !datagrams, number_of(l, "waiting"));
	number_cell_if(t, !datagrams, number_of(l, "sessions_per_s"));
	number_cell_if(t, datagrams, number_of(l, "datagrams_per_s"));
	number_cell_if(t, datagrams, number_of(l, "answers_per_s"));
	size_cell(t, number_of(l, "received_bytes_per_s"));
	size_cell(t, number_of(l, "sent_bytes_per_s"));
	table_number(t, number_of(l, "refused_per_s"));
}

static void add_pool(struct table *t, const json_t *p)
{
	char storage[64];
	struct text s = TEXT_OVER(storage);

	table_cell(t, text_of(p, "pool"));
	table_cell(t, text_of(p, "model"));
	table_number(t, number_of(p, "starting"));
	table_number(t, number_of(p, "idle"));
	table_number(t, number_of(p, "busy"));
	table_number(t, number_of(p, "draining"));
	number_cell_if(t, json_object_get(p, "sessions") != NULL, number_of(p, "sessions"));
	if (number_of(p, "throttled_ms")) {
		text_add(&s, "its processes die: waits ");
		human_duration(&s, number_of(p, "throttled_ms"));
	}
	table_cell(t, s.at);
}

static void add_status(struct screen *s, const char *kind, const json_t *line)
{
	if (strcmp(kind, "daemon") == 0)
		print_daemon(line);
	else if (strcmp(kind, "listener") == 0)
		add_listener(&s->main, line);
	else if (strcmp(kind, "pool") == 0)
		add_pool(&s->more, line);
	else if (strcmp(kind, "draining") == 0) {
		table_number(&s->draining, number_of(line, "generation"));
		table_number(&s->draining, number_of(line, "processes"));
		table_number(&s->draining, number_of(line, "sessions"));
		duration_cell(&s->draining, number_of(line, "ends_in_ms"));
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
		uint64_t refused = (uint64_t)json_integer_value(n), spared = number_of(dry, reason);

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

static void add_stats(struct screen *s, const char *kind, const json_t *line)
{
	bool is_total = strcmp(kind, "total") == 0;
	const char *name = is_total ? "total" : text_of(line, "listener");

	if (strcmp(kind, "daemon") == 0) {
		printf("reloads: %" PRIu64 " taken over, %" PRIu64 " refused; memory for what clients do not take: ",
		       number_of(line, "reloads"), number_of(line, "reloads_refused"));
		printf("%" PRIu64 " bytes; lookups waiting: %" PRIu64 "; log lines lost: %" PRIu64 "\n\n",
		       number_of(line, "buffer_bytes"), number_of(line, "lookups_waiting"),
		       number_of(line, "log_lines_lost"));
		return;
	}
	if (!is_total && strcmp(kind, "listener") != 0)
		return;
	table_cell(&s->main, name);
	table_number(&s->main, number_of(line, "sessions"));
	table_number(&s->main, number_of(line, "active"));
	size_cell(&s->main, number_of(line, "received_bytes"));
	size_cell(&s->main, number_of(line, "sent_bytes"));
	table_number(&s->main, number_of(line, "datagrams_received"));
	table_number(&s->main, number_of(line, "datagrams_answered"));
	table_number(&s->main, add_reasons(&s->more, name, line));
	table_number(&s->main, number_of(line, "kernel_drops"));
	table_number(&s->main, number_of(line, "send_errors") + number_of(line, "accept_errors"));
	table_number(&s->main, number_of(line, "lookups"));
	table_number(&s->main, number_of(line, "lookups_failed"));
}

/* --- all ------------------------------------------------------------------------------------------------------------ */

void screen_init(struct screen *s, const char *command)
{
	s->command = command;
	INIT(&s->draining, draining_titles);
	if (strcmp(command, "stats") == 0) {
		INIT(&s->main, stats_titles);
		INIT(&s->more, reason_titles);
	} else {
		INIT(&s->main, status_titles);
		INIT(&s->more, pool_titles);
	}
}

void screen_add(struct screen *s, const json_t *line)
{
	const char *kind = text_of(line, "kind");
	char storage[2048];
	struct text t = TEXT_OVER(storage);

	if (strcmp(kind, "message") == 0) {
		add_escaped(&t, text_of(line, "text"));
		puts(t.at);
	} else if (strcmp(s->command, "status") == 0)
		add_status(s, kind, line);
	else if (strcmp(s->command, "stats") == 0)
		add_stats(s, kind, line);
}

void screen_print(struct screen *s)
{
	struct table *all[] = { &s->main, &s->more, &s->draining };
	bool printed = false;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i]->cells_n && printed)
			puts("");
		printed = printed || all[i]->cells_n;
		table_print(all[i], NULL);
		table_done(all[i]);
	}
}
