/* SPDX-License-Identifier: MIT */
/*
 * visitors: who is connected to the metrics process, and who has to leave.
 *
 * Each has VISITORS_STAY_NS for all of it. Where more than VISITORS_KEPT are there, the source that has most of them loses
 * its oldest: so whoever comes from elsewhere, or has said what it wants at once, is served however many are slow.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/clock.h"

#define VISITORS_MAX 64 /* those who come before others have left */
#define VISITORS_KEPT 32
#define VISITORS_STAY_NS (5 * CLOCK_S_NS)

struct visitor {
	int fd; /* -1: none */
	struct addr source;
	uint64_t since_ns;
	enum { VISITOR_NEW, VISITOR_THERE, VISITOR_LEAVING } state;
};

struct visitors {
	struct visitor list[VISITORS_MAX];
};

void visitors_init(struct visitors *v);

/* Adds a visitor that has come, from a source (an address masked to what counts as one). One too many is not counted. */
void visitors_add(struct visitors *v, int fd, const struct addr *source, uint64_t now_ns);
/* Removes a visitor that has left. */
void visitors_remove(struct visitors *v, int fd);

/* Picks the visitors that are to leave now: their descriptors, each once. Those that came since the last time stay: what
 * they said has not been looked at. The number picked. */
size_t visitors_dismiss(struct visitors *v, uint64_t now_ns, int ret_fds[VISITORS_MAX]);

/* The number of visitors that may stay. More than VISITORS_KEPT: visitors_dismiss() is to be called again soon. */
size_t visitors_count(const struct visitors *v);
