/* SPDX-License-Identifier: MIT */
/* The answers to `sessions` and `limits` as tables. */
#include "echotimectl/lists.h"

#include <stdlib.h>
#include <string.h>

#include "echotimectl/member.h"

#define SHOWN_MAX 20

static const char *const session_titles[] = { "ID", "WHO", "LISTENER", "POOL", ">AGE", ">IDLE", ">IN", ">OUT", ">PROCESS" };
static const char *const refusal_titles[] = { "LISTENER", "REFUSED FOR", ">NOW/S", ">COUNT", ">DRY RUN" };
static const char *const offender_titles[] = { "REFUSED MOST", "LISTENER", "REFUSED FOR", ">TIMES", ">LAST" };

void lists_init_sessions(struct table *t)
{
	TABLE_INIT(t, session_titles);
}

void lists_add_session(struct table *t, const json_t *line)
{
	table_cell(t, member_text(line, "id"));
	table_cell(t, member_text(line, "peer"));
	table_cell(t, member_text(line, "listener"));
	table_cell(t, member_text(line, "pool"));
	table_duration(t, member_number(line, "age_ms"));
	table_duration(t, member_number(line, "idle_ms"));
	table_size(t, member_number(line, "received_bytes"));
	table_size(t, member_number(line, "sent_bytes"));
	table_number(t, member_number(line, "process"));
}

void lists_init_refusals(struct table *t)
{
	TABLE_INIT(t, refusal_titles);
}

void lists_add_refusals(struct table *t, const json_t *line)
{
	table_cell(t, member_text(line, "listener"));
	table_cell(t, member_text(line, "reason"));
	table_number(t, member_number(line, "per_s"));
	table_number(t, member_number(line, "count"));
	table_number(t, member_number(line, "dry_run"));
}

/* The place of a source; a new one if it has none. */
static struct offender *place_of(struct offenders *o, const json_t *line)
{
	const char *source = member_text(line, "source"), *listener = member_text(line, "listener"),
		   *reason = member_text(line, "reason");

	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->list[i].source, source) == 0 && strcmp(o->list[i].listener, listener) == 0 &&
		    strcmp(o->list[i].reason, reason) == 0)
			return &o->list[i];
	if (o->n == o->cap) {
		o->cap = o->cap ? o->cap * 2 : 64;
		o->list = table_or_end(reallocarray(o->list, o->cap, sizeof(*o->list)));
	}
	o->list[o->n] = (struct offender){ .source = table_or_end(strdup(source)),
					   .listener = table_or_end(strdup(listener)),
					   .reason = table_or_end(strdup(reason)),
					   .last_ms = UINT64_MAX };
	return &o->list[o->n++];
}

void lists_add_offender(struct offenders *o, const json_t *line)
{
	struct offender *place = place_of(o, line);
	uint64_t last_ms = member_number(line, "last_ms");

	place->count += member_number(line, "count");
	place->last_ms = last_ms < place->last_ms ? last_ms : place->last_ms;
}

static int by_count(const void *a, const void *b)
{
	const struct offender *x = a, *y = b;

	return x->count < y->count ? 1 : x->count > y->count ? -1 : strcmp(x->source, y->source);
}

void lists_show_offenders(struct offenders *o, struct table *t)
{
	TABLE_INIT(t, offender_titles);
	if (o->n)
		qsort(o->list, o->n, sizeof(*o->list), by_count);
	for (size_t i = 0; i < o->n; i++) {
		struct offender *one = &o->list[i];

		if (i < SHOWN_MAX) {
			table_cell(t, one->source);
			table_cell(t, one->listener);
			table_cell(t, one->reason);
			table_number(t, one->count);
			table_duration(t, one->last_ms);
		}
		free(one->source);
		free(one->listener);
		free(one->reason);
	}
	free(o->list);
	*o = (struct offenders){ 0 };
}
