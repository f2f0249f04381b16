/* SPDX-License-Identifier: MIT */
/*
 * The commands that can be given over the control socket, each a function that makes its answer piece by piece.
 *
 * Nobody waits: a long answer is made as its asker takes it, an outcome is asked for again when something has happened.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "control/request.h"
#include "generation/fleet.h"

#define COMMAND_LINE_MAX 4096 /* of an answer: a function is called with room for so much */

/* One command on its way. */
struct asking {
	struct fleet *fleet;
	const struct request *request;
	uint64_t at, part; /* the function's own: where it is; zero at first */
	bool failed;
	struct text said;       /* a sentence for the end, or why it failed */
	char said_storage[640]; /* escaped, it fits a line */
};

enum command_state {
	COMMAND_MORE,  /* call again as soon as there is room     */
	COMMAND_LATER, /* when something has happened             */
	COMMAND_DONE,
};

/* Adds the next lines: COMMAND_LINE_MAX bytes at most. */
typedef enum command_state command_fn(struct asking *a, struct text *to);

struct command {
	const char *name;
	const char *argument; /* what its one argument is; NULL: it has none */
	bool has_keys;        /* KEY=VALUE words may follow                  */
	bool changes;         /* what the daemon does: not for everybody who may ask */
	command_fn *answer;
};

/* The command that is asked for. NULL, with the reason: there is none, or its argument is missing. */
const struct command *command_find(const struct request *r, struct text *why);

/* COMMAND_DONE, having failed for this reason. */
enum command_state command_fail(struct asking *a, const char *fmt, ...) printf_like(2, 3);

command_fn cmd_status, cmd_stats, cmd_sessions, cmd_kill, cmd_limits, cmd_impair;

/* The first socket of a row in the generation that serves, if it is meant by "echo/tcp", itself alone, or "echo", all that
 * have this name. NULL: it is not. */
const struct listener *command_listener(const struct fleet *f, uint32_t row, const char *said);

/* The rules by which a listener, whose settings are known, is impaired at this moment, and who said them. */
enum cmd_impair_by { CMD_IMPAIR_NONE, CMD_IMPAIR_SETTINGS, CMD_IMPAIR_SAID };
enum cmd_impair_by cmd_impair_rules(const struct fleet *f, const struct listener *l, struct impair_rules *ret);
