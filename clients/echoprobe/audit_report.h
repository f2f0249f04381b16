/* SPDX-License-Identifier: MIT */
/* An audit's report: text, which is written as it goes on, and JSON. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "echoprobe/audit_result.h"

void audit_report_start(const struct audit_result *r, FILE *to);
/* The rules from `first` to before `end`, all of one service over one transport. */
void audit_report_block(const struct audit_result *r, size_t first, size_t end, FILE *to);
void audit_report_end(const struct audit_result *r, FILE *to);

/* The document. */
json_t *audit_report_json(const struct audit_result *r);
