/* SPDX-License-Identifier: MIT */
/*
 * The metrics as text: what the shared records say, in OpenMetrics 1.0 or in the older text format of Prometheus (0.0.4), as
 * the asker wants it. They differ in the names of counters' families and in the last line.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "worker/worker.h"

#define EXPOSITION_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define EXPOSITION_TEXT "text/plain; version=0.0.4; charset=utf-8"

/* Writes all metrics of the plan's listeners and pools. */
void exposition_write(const struct worker_plan *plan, bool openmetrics, FILE *to);

/* Writes a line for everything that is not as it should be for clients to be sent here: an enabled listener that nobody
 * serves, or that is drained, a clock that is not synchronised where `require_sync` asks. How many there were: 0 is
 * ready. */
unsigned exposition_write_unready(const struct worker_plan *plan, FILE *to);
