/* SPDX-License-Identifier: MIT */
/* Sentences about a run that no figure says. */
#pragma once

#include <stddef.h>

#include "base/attr.h"

#define NOTES_MAX 16
#define NOTES_BYTES 200 /* of each, with the NUL */

/* Zeroed memory: none. */
struct notes {
	const char *list[NOTES_MAX];
	char storage[NOTES_MAX][NOTES_BYTES];
	size_t n;
};

/* Adds a sentence, cut where it is too long; beyond NOTES_MAX they are left out. */
void notes_addf(struct notes *notes, const char *fmt, ...) printf_like(2, 3);
