/* SPDX-License-Identifier: MIT */
/* The commands that can be given over the control socket. */
#include "supervisor/command.h"

#include <string.h>

#include "supervisor/answer.h"
#include "supervisor/supervisor.h"

/* The sentences of an outcome, a line each. */
static enum command_state answer_outcome(struct asking *a, struct text *to)
{
	const struct outcome *o = &a->supervisor->outcome;
	const char *line = o->storage + a->at;

	if (a->at >= o->lines.len) { /* also when the next reload has begun meanwhile: its lines are not this one's */
		a->failed = o->refused;
		return COMMAND_DONE;
	}
	size_t n = strcspn(line, "\n");
	a->at += n + 1;
	answer_begin(to, "message");
	answer_bytes(to, "text", line, n);
	answer_end(to);
	return COMMAND_MORE;
}

static enum command_state reload(struct asking *a, struct text *to)
{
	struct supervisor *s = a->supervisor;

	if (!a->part) { /* the number of the reload that will tell */
		a->part = (uint64_t)s->outcome.begun + 1;
		s->reload_wanted = !s->stopping;
	}
	if (s->outcome.number >= a->part)
		return answer_outcome(a, to);
	return s->stopping ? command_fail(a, "the daemon is stopping") : COMMAND_LATER;
}

static const struct command commands[] = {
	{ .name = "status", .needs = "", .answer = status_answer },
	{ .name = "stats", .needs = "", .answer = stats_answer },
	{ .name = "reload", .needs = "", .changes = true, .answer = reload },
};

enum command_state command_fail(struct asking *a, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text_vaddf(&a->said, fmt, args);
	va_end(args);
	a->failed = true;
	return COMMAND_DONE;
}

const struct command *command_find(const struct request *r, struct text *why)
{
	for (size_t i = 0; i < array_n(commands); i++) {
		const struct command *c = &commands[i];

		if (strcmp(c->name, r->command) != 0)
			continue;
		if ((r->id[0] != '\0') == (strcmp(c->needs, "id") == 0) &&
		    (r->listener[0] != '\0') == (strcmp(c->needs, "listener") == 0))
			return c;
		text_addf(why, "%s needs %s", c->name, c->needs[0] ? c->needs : "no argument");
		return NULL;
	}
	text_addf(why, "there is no command \"%s\"", r->command);
	return NULL;
}
