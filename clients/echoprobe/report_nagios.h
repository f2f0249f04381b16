/* SPDX-License-Identifier: MIT */
/* One line for Nagios, Icinga and their kin, with the labels of check_icmp, so that its graphs go on. */
#pragma once

#include <stdio.h>

#include "echoprobe/result.h"

/* A line a target. The exit status is verdict_of()'s. */
void report_nagios_finish(const struct result *const *results, size_t n, FILE *to);
