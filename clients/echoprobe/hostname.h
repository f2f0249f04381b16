/* SPDX-License-Identifier: MIT */
/* The hostname test (RFC 953): a line is asked, the server answers in lines, and ends. Over UDP, which the RFC does not
 * have and echotimed does, a datagram is a line and has one answer. */
#pragma once

#include "echoprobe/probe.h"

extern const struct probe_exchange hostname_exchange;

/* Of a plan's line with its end. */
uint32_t hostname_size_bytes(const struct plan *plan);

void hostname_build(const struct engine *e, const struct payload_id *id, uint8_t *to);
