/* SPDX-License-Identifier: MIT */
/* Answers that do not say to which packet they belong: to the oldest that has none. And answers that are a text. */
#pragma once

#include "echoprobe/probe.h"

/* A probe's read(): whatever comes answers the oldest packet, and the test's exchange judges it. */
enum probe_found in_order_read(const struct engine_flow *f, const struct batch_datagram *d, struct probe_answer *ret);

/* The oldest packet without an answer; false: none waits. */
bool in_order_oldest(const struct engine_flow *f, uint64_t *ret_seq) must_check;

/* Keeps an answer that is a text; a probe's report() then tells it. */
void in_order_note(struct engine *e, const struct probe_heard *heard, int64_t asked_ns, int64_t answered_ns);
void in_order_report(struct engine *e, struct result *ret);

/* Whether it is printable ASCII in lines, which may end in CR LF, LF CR or LF. */
bool in_order_is_text(const struct probe_heard *heard);
