/* SPDX-License-Identifier: MIT */
/* Parts of the report for a person: tables of flows and sizes, the path MTU, what an info server saw. */
#pragma once

#include <stdio.h>

#include "echoprobe/result.h"

/* A line a flow; behind it what sets that flow apart: loss unlike the others', another path. */
void report_tables_flows(const struct result *r, FILE *to);

/* A line a size, then what the least times say of the slowest link. */
void report_tables_sweep(const struct result *r, FILE *to);

/* Of r->mtu, r->info. */
void report_tables_mtu(const struct result *r, FILE *to);
void report_tables_info(const struct result *r, FILE *to);
