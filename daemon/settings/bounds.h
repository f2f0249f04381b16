/* SPDX-License-Identifier: MIT */
/* The bounds of the settings reader: it may read files and write to its pipe, in bounded memory and time. */
#pragma once

#include <stddef.h>

#include "base/attr.h"

#define BOUNDS_TIME_MS 2000                    /* then it is killed           */
#define BOUNDS_MEMORY_BYTES ((size_t)64 << 20) /* beside what its parent has  */

/* Bounds this process for the rest of its life. 0 or -errno: then it must not read. */
int bounds_enter(void) must_check;
