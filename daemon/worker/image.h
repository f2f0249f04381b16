/* SPDX-License-Identifier: MIT */
/* Which parts of the program a worker does without. */
#pragma once

#include <sys/types.h>

/* In the supervisor, before a worker is forked: finds out what the next one gives up. */
void image_prepare(void);

/* Gives up all libraries but the C library: the settings are read and the sandbox is entered, so this process calls no other
 * one any more, and neither do those that are forked from it. Each mapping costs a fork and an exit microseconds, and what
 * is not there cannot be jumped into. Nothing happens where something may stand between this program and the C library
 * (LD_PRELOAD), or where there is no _Fork(). */
void image_leave_libraries(void);

/* fork(2) without the handlers that libraries have registered for it: what they look after is not a worker's, touching it
 * would cost a fifth of the fork, and in a process that has left them they are not there. */
pid_t image_fork(void);
