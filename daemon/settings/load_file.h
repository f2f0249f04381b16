/* SPDX-License-Identifier: MIT */
/* The files that settings name: their bytes as the reader brought them, their entries, their names. */
#pragma once

#include "settings/draft.h"

/* Finds or makes the entry of a name. NULL without memory. */
struct loaded *load_file_entry(struct draft *d, const char *name);

/* The bytes of a named file; NULL, with an issue, if they could not be read. */
const struct item *load_file_find(struct draft *d, const struct listener_settings *l, enum item_kind kind, const char *key,
				  const char *name);

/* The file's name as it is from everywhere, so that -T says the same file wherever its output is kept. NULL without
 * memory. */
const char *load_file_absolute(struct draft *d, const char *name);
