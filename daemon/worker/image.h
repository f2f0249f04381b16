/* SPDX-License-Identifier: MIT */
/* Which parts of the program a worker does without. */
#pragma once

/* Gives up all libraries but the C library: the settings are read and the sandbox is entered, so this process calls no other
 * one any more, and neither do those that are forked from it. Each mapping costs a fork and an exit microseconds, and what
 * is not there cannot be jumped into. The libraries' own fork handlers must not run from here on: _Fork(). Nothing happens
 * where something may stand between this program and the C library (LD_PRELOAD), or where there is no _Fork(). */
void image_leave_libraries(void);
