/* SPDX-License-Identifier: MIT */
/* A row a packet (RFC 4180, with LF), as soon as its fate is known. What is not known is an empty field. */
#pragma once

#include <stdio.h>

#include "echoprobe/result.h"

/* Writes the titles, before the first target only: an empty stream has none yet. */
void report_csv_start(const struct result *r, FILE *to);
void report_csv_packet(const struct result *r, const struct result_packet *p, FILE *to);
