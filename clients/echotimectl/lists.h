/* SPDX-License-Identifier: MIT */
/* The answers to `sessions` and `limits` as tables. */
#pragma once

#include <jansson.h>

#include "echotimectl/table.h"

void lists_init_sessions(struct table *t);
void lists_add_session(struct table *t, const json_t *line);

void lists_init_refusals(struct table *t);
void lists_add_refusals(struct table *t, const json_t *line);

/* Sources that were refused, added up over the workers that say so. */
struct offender {
	char *source, *listener, *reason;
	uint64_t count, last_ms;
};
struct offenders {
	struct offender *list;
	size_t n, cap;
};

void lists_add_offender(struct offenders *o, const json_t *line);

/* Into a table: those that were refused most, first. */
void lists_show_offenders(struct offenders *o, struct table *t);
