/* SPDX-License-Identifier: MIT */
/* Sentences about a run that no figure says. */
#include "echoprobe/notes.h"

#include <stdarg.h>
#include <stdio.h>

void notes_addf(struct notes *notes, const char *fmt, ...)
{
	va_list args;

	if (notes->n == NOTES_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(notes->storage[notes->n], NOTES_BYTES, fmt, args);
	va_end(args);
	notes->list[notes->n] = notes->storage[notes->n];
	notes->n++;
}
