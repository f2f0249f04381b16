/* SPDX-License-Identifier: MIT */
/* The log's lines about what was refused: one an incident (labels_say()), however many packets it had. */
#pragma once

#include <stdint.h>

#include "generation/fleet.h"
#include "shared/counters.h"

/* Logs what was refused by a listener and not told of yet. sum: of the row's counters; now_ns: of CLOCK_MONOTONIC, or
 * CLOCK_NEVER where it is the last time. */
void log_refusals(struct fleet *f, uint32_t row, const struct counters *sum, uint64_t now_ns);

/* The same for all rows, for the last time. */
void log_refusals_end(struct fleet *f);
