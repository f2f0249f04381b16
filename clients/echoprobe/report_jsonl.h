/* SPDX-License-Identifier: MIT */
/* JSON a line, as the run goes on: start, packet, icmp, interval, summary. Each line is flushed, and has its `target`. */
#pragma once

#include <stdio.h>

#include "echoprobe/result.h"

void report_jsonl_start(const struct result *r, FILE *to);
void report_jsonl_packet(const struct result *r, const struct result_packet *p, FILE *to);
void report_jsonl_icmp(const struct result *r, const struct result_icmp *icmp, FILE *to);
void report_jsonl_interval(const struct result *r, const struct result_scope *interval, FILE *to);

/* A line a target: {"type":"summary"} and the members of the document. */
void report_jsonl_finish(const struct result *const *results, size_t n, FILE *to);
