/* SPDX-License-Identifier: MIT */
/* The report for a person. */
#pragma once

#include <stdio.h>

#include "echoprobe/result.h"

/* A block a target. */
void report_text_finish(const struct result *const *results, size_t n, FILE *to);
