/* SPDX-License-Identifier: MIT */
/* Delays as a person reads them: a table, a histogram of bars, each direction. */
#pragma once

#include <stdio.h>

#include "echoprobe/result.h"

/* The table of round-trip times, and what else is known of delays. Nothing where nothing came back. */
void text_delays_write(const struct result *r, FILE *to);

/* The table of both directions: lost, duplicated, reordered, hops, DSCP, ECN. */
void text_delays_directions(const struct result_directions *d, FILE *to);

/* " Sending was 0.06 ms late at p50, 0.90 at p99; no slot skipped." and the line's end. */
void text_delays_lateness(const struct result *r, FILE *to);
