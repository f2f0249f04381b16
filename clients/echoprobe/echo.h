/* SPDX-License-Identifier: MIT */
/* The echo test (RFC 862): each packet comes back as it was, and by its octets is known to be this one. */
#pragma once

#include "echoprobe/probe.h"

void echo_build(const struct engine *e, const struct payload_id *id, uint8_t *to);
enum probe_found echo_read(const struct engine_flow *f, const struct batch_datagram *d, struct probe_answer *ret);

/* A message a connection; and the payload alone, as something that is said. */
extern const struct probe_exchange echo_exchange;
size_t echo_ask(const struct engine *e, const struct payload_id *id, uint8_t *to);
