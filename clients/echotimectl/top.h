/* SPDX-License-Identifier: MIT */
/* The answer to `sessions`, added up by the address that clients come from: who has most. */
#pragma once

#include <jansson.h>

#include "echotimectl/table.h"

struct top_source {
	char *name;
	uint64_t sessions, in_bytes, out_bytes, oldest_ms, idle_ms; /* idle_ms: of the session that is it least */
};

struct top {
	struct top_source *list;
	size_t n, cap;
};

void top_add(struct top *t, const json_t *line);

/* Into a table: the sources with most sessions first. Gives up what was added. */
void top_show(struct top *t, struct table *to);
