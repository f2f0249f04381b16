/* SPDX-License-Identifier: MIT */
/* The kernel's drops at a datagram socket for want of room, as a counter. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/counters.h"

struct drops {
	uint32_t seen;   /* in all, at the last look */
	uint64_t due_ns; /* when to look again       */
};

/* Begins to count. Earlier drops are another reader's to count. */
void drops_begin(struct drops *d, int fd);

/* Adds what was dropped since the last look. */
void drops_count(struct drops *d, int fd, struct counters *counters, uint64_t now_ns);
