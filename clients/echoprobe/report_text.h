/* SPDX-License-Identifier: MIT */
/* The report for a person. */
#pragma once

#include <stdio.h>

#include "echoprobe/result.h"

/* -v: a line a packet. */
void report_text_packet(const struct result *r, const struct result_packet *p, FILE *to);

/* --every: a line of what happened in it. */
void report_text_interval(const struct result *r, const struct result_scope *interval, FILE *to);

/* A block a target. */
void report_text_finish(const struct result *const *results, size_t n, FILE *to);
