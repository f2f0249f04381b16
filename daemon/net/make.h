/* SPDX-License-Identifier: MIT */
/*
 * The making of a listener's socket: its kind, and Multipath TCP where that is wanted and the kernel has it.
 *
 * A socket of Multipath TCP serves clients of plain TCP as before, and does as a socket of TCP does; it has not all of its
 * options (sockopt.h leaves those out).
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "net/types.h"

/* Non-blocking, close-on-exec, not bound. The descriptor, or -errno. Where the kernel has no Multipath TCP it is TCP's. */
int make_socket(const struct listener *l) must_check;

/* The settings ask for Multipath TCP. */
bool make_wants_multipath(const struct listener *l);

/* An open socket is one of Multipath TCP. */
bool make_is_multipath(int fd);
