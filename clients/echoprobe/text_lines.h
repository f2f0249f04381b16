/* SPDX-License-Identifier: MIT */
/* Lines for a person, as the run goes on: a packet's fate, and what happened in an interval. Each line is flushed. */
#pragma once

#include <stdio.h>

#include "echoprobe/result.h"

/* Where -v asks for it. */
void text_lines_packet(const struct result *r, const struct result_packet *p, FILE *to);

void text_lines_interval(const struct result *r, const struct result_scope *interval, FILE *to);
