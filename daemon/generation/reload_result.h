/* SPDX-License-Identifier: MIT */
/*
 * The result of a reload, for those who asked for it.
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

struct reload_result {
	uint32_t begun;  /* reloads, ever                                            */
	uint32_t number; /* the last of them that is over; what follows is about it  */
	bool refused;
	struct text lines; /* what there is to say, a sentence a line */
	char storage[SETTINGS_ISSUES_MAX * (sizeof(struct settings_issue) + 16) + 1024];
};

/* A reload begins: nothing is to be said of it yet. */
void reload_result_begin(struct reload_result *o);

/* Adds what is wrong with the settings that it read. */
void reload_result_add_report(struct reload_result *o, const struct settings_report *report);

/* The reload is over. */
void reload_result_end(struct reload_result *o, bool refused, const char *fmt, ...) printf_like(3, 4);
