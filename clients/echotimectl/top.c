/* SPDX-License-Identifier: MIT */
/* Sessions by source. */
#include "echotimectl/top.h"

#include <stdlib.h>
#include <string.h>

#include "echotimectl/member.h"

#define SHOWN_MAX 20

static const char *const titles[] = { "SOURCE", ">SESSIONS", ">IN", ">OUT", ">OLDEST", ">IDLE" };

/* The length of an address without its port. */
static size_t host_length(const char *peer)
{
	const char *colon = strrchr(peer, ':');

	return colon ? (size_t)(colon - peer) : strlen(peer);
}

/* The place of a source; a new one if it has none. */
static struct top_source *place_of(struct top *t, const char *peer)
{
	size_t n = host_length(peer);

	for (size_t i = 0; i < t->n; i++)
		if (strncmp(t->list[i].name, peer, n) == 0 && t->list[i].name[n] == '\0')
			return &t->list[i];
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 64;
		t->list = table_or_end(reallocarray(t->list, t->cap, sizeof(*t->list)));
	}
	t->list[t->n] = (struct top_source){ .name = table_or_end(strndup(peer, n)), .idle_ms = UINT64_MAX };
	return &t->list[t->n++];
}

void top_add(struct top *t, const json_t *line)
{
	struct top_source *s = place_of(t, member_text(line, "peer"));
	uint64_t age_ms = member_number(line, "age_ms"), idle_ms = member_number(line, "idle_ms");

	s->sessions++;
	s->in_bytes += member_number(line, "received_bytes");
	s->out_bytes += member_number(line, "sent_bytes");
	s->oldest_ms = age_ms > s->oldest_ms ? age_ms : s->oldest_ms;
	s->idle_ms = idle_ms < s->idle_ms ? idle_ms : s->idle_ms;
}

static int by_sessions(const void *a, const void *b)
{
	const struct top_source *x = a, *y = b;

	return x->sessions < y->sessions ? 1 : x->sessions > y->sessions ? -1 : strcmp(x->name, y->name);
}

void top_show(struct top *t, struct table *to)
{
	TABLE_INIT(to, titles);
	if (t->n)
		qsort(t->list, t->n, sizeof(*t->list), by_sessions);
	for (size_t i = 0; i < t->n; i++) {
		struct top_source *s = &t->list[i];

		if (i < SHOWN_MAX) {
			table_cell(to, s->name);
			table_number(to, s->sessions);
			table_size(to, s->in_bytes);
			table_size(to, s->out_bytes);
			table_duration(to, s->oldest_ms);
			table_duration(to, s->idle_ms);
		}
		free(s->name);
	}
	free(t->list);
	*t = (struct top){ 0 };
}
