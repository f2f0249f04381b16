/* SPDX-License-Identifier: MIT */
/*
 * The metrics of runs, in OpenMetrics 1.0 or in the older text format of Prometheus (0.0.4). A packet is counted when its
 * fate is decided, so none that is lost is still on its way.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "echoprobe/result.h"

#define REPORT_METRICS_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define REPORT_METRICS_TEXT "text/plain; version=0.0.4; charset=utf-8"

enum report_metrics_format { REPORT_METRICS_IN_OPENMETRICS, REPORT_METRICS_IN_TEXT };

/* All metrics of n runs. */
void report_metrics_write(const struct result *const *results, size_t n, enum report_metrics_format format, FILE *to);

/* The same in OpenMetrics. */
void report_metrics_finish(const struct result *const *results, size_t n, FILE *to);
