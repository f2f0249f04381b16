/* SPDX-License-Identifier: MIT */
/* Which parts of the program a session's process does without. */
#pragma once

/* Leaves all libraries but the C library out of the processes that are forked from here on: each mapping costs every fork
 * and every exit microseconds, and what is not there cannot be jumped into. Those processes call no other library, and are
 * forked without the libraries' own handlers (_Fork). Does nothing where that is missing. */
void image_leave_out(void);
