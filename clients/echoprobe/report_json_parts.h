/* SPDX-License-Identifier: MIT */
/*
 * The parts of the JSON document that are not figures of packets: directions, stamp, what single tests found, ICMP,
 * the host.
 */
#pragma once

#include <jansson.h>

#include "echoprobe/result.h"

/* Sets the members of `document` that apply. */
void report_json_parts(const struct result *r, json_t *document);

/* Each is a new value of the caller's. */
json_t *report_json_icmp(const struct result_icmp *icmp);
json_t *report_json_host(const struct result_host *h);
