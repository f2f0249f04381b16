/* SPDX-License-Identifier: MIT */
/*
 * The line that a run shows of itself on a terminal as it goes on, in plain ASCII:
 * "echo/udp 192.0.2.7:7   12.0 s   120 sent  118 back  1 lost  1 under way   rtt 11.9 ms (11.6 ms - 31.2 ms)  __._.-__|_"
 */
#pragma once

#include <stddef.h>

#include "base/text.h"
#include "echoprobe/result.h"

#define LIVE_MARKS 10

/* Zeroed memory: no packet yet. */
struct live {
	int64_t rtts_ns[LIVE_MARKS]; /* the last ones, oldest first; -1: lost */
	size_t n;
};

/* A packet's fate is known. */
void live_packet(struct live *l, const struct result_packet *p);

/* Adds the line, without an end. A packet that is under way is not lost. */
void live_line(const struct live *l, const struct result *r, struct text *t);
