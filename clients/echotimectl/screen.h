/* SPDX-License-Identifier: MIT */
/*
 * The answer to a command as a person reads it: sentences and tables.
 *
 * Flow: each line of an answer goes into a sentence or a row of a table by its kind; at the end all are printed.
 */
#pragma once

#include <jansson.h>

#include "echotimectl/lists.h"
#include "echotimectl/table.h"
#include "echotimectl/top.h"

struct screen {
	const char *command;
	struct table main, more; /* the command's own: listeners, then pools or reasons */
	struct table draining, impaired;
	struct offenders offenders;
	struct top top;
};

void screen_init(struct screen *s, const char *command);

/* A line that is not the end. Kinds that it does not know are passed over: a newer daemon may have more to say. */
void screen_add(struct screen *s, const json_t *line);

void screen_print(struct screen *s);
