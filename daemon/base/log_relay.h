/* SPDX-License-Identifier: MIT */
/*
 * A process that waits for the reader of the log, so that no other process has to.
 *
 * Whether a write to a terminal would wait is not known beforehand: POLLOUT promises room for one byte, not for a line,
 * and without waiting it takes part of one. A terminal or a pipe of another user's cannot be opened anew, and O_NONBLOCK
 * on the descriptor that we have would be on the shell's as well. So the relay has that descriptor, and all our processes
 * write to a socket that it reads.
 */
#pragma once

#include "base/attr.h"

/* Puts a relay between descriptor 2 and who reads it; descriptor 2 is then a socket, which the processes forked from here
 * on, and programs that this one becomes, inherit. It ends when all of them have ended and what they wrote is written, and a
 * second after this process in any case. It is no child that wait(2) returns without being asked for (__WCLONE).
 * 0 or -errno: descriptor 2 is as it was. */
int log_relay_begin(void) must_check;

/* For process 1 of a container, at its end, with which the kernel kills all others: waits a second at most for the relay,
 * where there is one, to write the last lines. No line can be written after it. */
void log_relay_end(void);
