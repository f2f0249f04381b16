/* SPDX-License-Identifier: MIT */
/*
 * The settings: one typed, validated, read-only structure, made whole from the configuration file or not at all.
 *
 * Flow: settings_read() forks the reader (reader.c), which opens the files, runs libconfig under limits of time and
 * memory and writes a flat list of items (path, type, value, file, line) to a pipe, with the zones, quotes and host tables
 * that the file names; here the list is checked against settings.def and across keys.
 */
#pragma once

#include <stdio.h>

#include "base/attr.h"
#include "settings/types.h"

/* Reads and checks. 0 and *ret (to be freed), with at most warnings in the report; or -EINVAL (errors in the report),
 * -ENOENT or -EACCES (the file itself), or what fork or a pipe failed with. Never leaves a process behind, takes at most
 * 2 s and 64 MiB in the reader. */
int settings_read(const struct settings_source *source, struct settings **ret,
		  struct settings_report *ret_report) must_check;
void settings_free(struct settings *s); /* NULL is allowed */

/* The same settings for one more, who gives them up by settings_free() too. */
struct settings *settings_share(struct settings *s);

/* The service's user when it is started as root. */
const char *settings_user(const struct settings *s);

/* "KEY=VALUE" taken apart in place; -EINVAL if it is not that. */
int settings_split_override(char *text, struct settings_override *ret) must_check;

/* -T: every key with its effective value and its origin as a comment, as a file that reads back to the same settings. 0
 * or -EIO. */
int settings_dump(const struct settings *s, FILE *to) must_check;
