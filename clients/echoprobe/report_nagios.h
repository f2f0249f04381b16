/* SPDX-License-Identifier: MIT */
/* One line for Nagios, Icinga and their kin, with the labels of check_icmp, so that its graphs go on. */
#pragma once

#include <stdio.h>

#include "echoprobe/result.h"

/* A line a target. */
void report_nagios_finish(const struct result *const *results, size_t n, FILE *to);

/* "ECHO UNKNOWN - " and why it could not be tested. */
void report_nagios_failed(const struct plan *plan, const char *why, FILE *to);

/* The worst verdict_of(), as monitoring numbers them. */
int report_nagios_status(const struct result *const *results, size_t n);
