/* SPDX-License-Identifier: MIT */
/*
 * The stamp test: a Session-Sender (RFC 8762, RFC 8972), in both modes.
 *
 * A packet is the base packet and, where it is to be longer, a padding TLV. An answer is recognised by the number and the
 * time stamp T1 that it has to bring back.
 */
#pragma once

#include "echoprobe/probe.h"

extern const struct probe_session stamp_session;

/* Of a packet of a plan that does not say its size. */
uint32_t stamp_size_bytes(const struct plan *plan);

void stamp_build(const struct engine *e, const struct payload_id *id, uint8_t *to);
enum probe_found stamp_read(const struct engine_flow *f, const struct batch_datagram *d, struct probe_answer *ret);
void stamp_report(struct engine *e, struct result *ret);
