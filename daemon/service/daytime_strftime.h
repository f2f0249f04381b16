/* SPDX-License-Identifier: MIT */
/* strftime(3) in the C locale, of a moment whose zone is known: the same with every C library. */
#pragma once

#include <stddef.h>

#include "base/civil.h"
#include "base/text.h"

/* A second by the clock of some zone. */
struct daytime_moment {
	struct civil local;
	int offset_s; /* local time minus UTC */
	const char *abbreviation;
};

/* The length of the conversion at s, which begins with "%": a flag of "-_0^#" may follow, then one of the letters whose text
 * is a part of one line. 0: none of these. */
size_t daytime_strftime_length(const char *s);

/* Appends the moment in the format; what is no conversion there stands as it is. */
void daytime_strftime_add(struct text *t, const char *format, const struct daytime_moment *m);
