/* SPDX-License-Identifier: MIT */
/* The issues of the settings, faults and dangers, each with its place. */
#pragma once

#include "base/attr.h"
#include "settings/draft.h"

/* Adds an error: "file:line: path: …", or "-o path: …". path "" is left out. */
void issues_add(struct draft *d, const struct origin *at, const char *path, const char *fmt, ...) printf_like(4, 5);
/* Adds an error that is a whole line already. */
void issues_add_whole(struct draft *d, const char *text);

/* Adds an error, or a warning, at a listener's key; key "": at the listener. */
void issues_add_at(struct draft *d, const struct listener_settings *l, const char *key, const char *fmt, ...)
	printf_like(4, 5);
void issues_warn_at(struct draft *d, const struct listener_settings *l, const char *key, const char *fmt, ...)
	printf_like(4, 5);
