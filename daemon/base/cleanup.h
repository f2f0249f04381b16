/* SPDX-License-Identifier: MIT */
/* Locals that give back what they hold when their block ends. Descriptors: fd.h. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"

/* For a pointer to memory of the heap, NULL or not. */
#define cleanup_free cleanup_with(cleanup_free_memory)

static inline void cleanup_free_memory(void *pointer)
{
	free(*(void **)pointer);
}

/* For a stream that is read, NULL or not: one that is written is closed by hand, as that can fail. */
#define cleanup_file cleanup_with(cleanup_stream)

static inline void cleanup_stream(FILE **stream)
{
	if (*stream)
		(void)fclose(*stream);
}
