/* SPDX-License-Identifier: MIT */
/* The socket where metrics are asked for: bound by the supervisor, served by a process of its own (process/metrics.h). */
#pragma once

#include "generation/fleet.h"

/* Sets g->metrics_fd: the socket of the generation before where it is the same place, else a new one; -1 where metrics are
 * off. 0, or -errno with `why`. */
int metrics_socket_open(struct generation *g, const struct generation *before, struct text *why) must_check;

/* Binds the socket anew if it was ended (lost.h). True: it was, and a generation is due whose process has it. */
bool metrics_socket_mend(struct generation *g, bool at_once);
