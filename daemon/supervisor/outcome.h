/* SPDX-License-Identifier: MIT */
/*
 * What came of a reload, for those who asked for it.
 *
 * Reloads are counted as they begin. Who asks for one is owed the outcome of the next that begins: one that is under way
 * may have read the settings before they were changed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/text.h"
#include "settings/settings.h"

struct outcome {
	uint32_t begun;  /* reloads, ever                                            */
	uint32_t number; /* the last of them that is over; what follows is about it  */
	bool refused;
	struct text lines; /* what there is to say, a sentence a line */
	char storage[SETTINGS_ISSUES_MAX * (sizeof(struct settings_issue) + 16) + 1024];
};

/* A reload begins: nothing is to be said of it yet. */
void outcome_begin(struct outcome *o);

/* What is wrong with the settings that it read. */
void outcome_add_report(struct outcome *o, const struct settings_report *report);

/* It is over. */
void outcome_end(struct outcome *o, bool refused, const char *fmt, ...) printf_like(3, 4);
