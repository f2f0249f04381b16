/* SPDX-License-Identifier: MIT */
/*
 * Memory straight from the kernel, for what a process keeps as long as it runs.
 *
 * Process: a forked process that took it from malloc() would begin by copying the pages of its parent's heap in which there
 * is room. Here it has pages of its own, of which those that are never touched take no memory.
 */
#pragma once

#include <stddef.h>

#include "base/attr.h"

/* Zeroed. NULL: there is none. */
void *pages_take(size_t bytes) must_check;
/* The same, of this process alone: those that it forks do not have them. So they are neither copied nor made read-only by
 * a fork. */
void *pages_take_own(size_t bytes) must_check;
/* All of what was taken at once. NULL: nothing. */
void pages_give(void *at, size_t bytes);
