/* SPDX-License-Identifier: MIT */
/* The commands that can be given over the control socket. */
#include "control/command.h"

#include <string.h>

#include "control/json_out.h"
#include "generation/generation.h"

/* The sentences of an outcome, a line each; the last one is the end's. */
static enum command_state answer_outcome(struct asking *a, struct text *to)
{
	const struct reload_result *o = &a->fleet->result;
	const char *line = o->storage + a->at;
	size_t n = a->at < o->lines.len ? strcspn(line, "\n") : 0;

	a->at += n + 1;
	if (a->at >= o->lines.len) { /* also when the next reload has begun meanwhile: its lines are not this one's */
		text_add_bytes(&a->said, line, n);
		a->failed = o->refused;
		return COMMAND_DONE;
	}
	json_out_begin(to, "message");
	json_out_bytes(to, "text", line, n);
	json_out_end(to);
	return COMMAND_MORE;
}

static enum command_state reload(struct asking *a, struct text *to)
{
	struct fleet *f = a->fleet;

	if (!a->part) { /* the number of the reload that will tell */
		a->part = (uint64_t)f->result.begun + 1;
		f->reload_wanted = !f->stopping;
	}
	if (f->result.number >= a->part)
		return answer_outcome(a, to);
	return f->stopping ? command_fail(a, "the daemon is stopping") : COMMAND_LATER;
}

/* --- drain, resume ------------------------------------------------------------------------------------------------ */

static bool is_meant(const char *label, const char *said)
{
	size_t n = strlen(said);

	return strncmp(label, said, n) == 0 && (label[n] == '\0' || label[n] == '/');
}

const struct listener *command_listener(const struct fleet *f, uint32_t row, const char *said)
{
	const struct generation *g = f->current;

	if (!is_meant(f->labels.names[row], said))
		return NULL;
	for (size_t i = 0; g && i < g->listeners_n; i++)
		if (g->listeners[i].row == row)
			return &g->listeners[i];
	return NULL;
}

/* A word in shared memory, that workers look at before they take anything new: it outlives reloads. */
static enum command_state set_drained(struct asking *a, bool drained)
{
	struct fleet *f = a->fleet;
	const char *said = a->request->words[1];
	size_t n = 0;

	for (uint32_t row = 0; row < f->labels.n; row++) {
		if (!command_listener(f, row, said))
			continue;
		atomic_store(&f->shared->drained[row], drained);
		text_addf(&a->said, "%s%s", n++ ? ", " : drained ? "drained: " : "serving: ", f->labels.names[row]);
	}
	return n ? COMMAND_DONE : command_fail(a, "there is no listener %s", said);
}

static enum command_state drain(struct asking *a, struct text *to maybe_unused)
{
	return set_drained(a, true);
}

static enum command_state resume(struct asking *a, struct text *to maybe_unused)
{
	return set_drained(a, false);
}

static const struct command commands[] = {
	{ .name = "status", .answer = cmd_status },
	{ .name = "stats", .answer = cmd_stats },
	{ .name = "sessions", .answer = cmd_sessions },
	{ .name = "limits", .answer = cmd_limits },
	{ .name = "kill", .argument = "ID", .changes = true, .answer = cmd_kill },
	{ .name = "drain", .argument = "LISTENER", .changes = true, .answer = drain },
	{ .name = "resume", .argument = "LISTENER", .changes = true, .answer = resume },
	{ .name = "impair", .argument = "LISTENER", .has_keys = true, .changes = true, .answer = cmd_impair },
	{ .name = "reload", .changes = true, .answer = reload },
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

		if (strcmp(c->name, r->words[0]) != 0)
			continue;
		if (r->words_n == (c->argument ? 2 : 1) || (c->has_keys && r->words_n > 2))
			return c;
		text_addf(why, "%s needs %s", c->name, c->argument ? c->argument : "no argument");
		return NULL;
	}
	text_addf(why, "there is no command \"%s\"", r->words[0]);
	return NULL;
}
