/* SPDX-License-Identifier: MIT */
/*
 * Loss periods of one flow (RFC 3357 section 5.4.2): packets lost in a row are one period. And how sure a loss ratio is.
 *
 * Packets are told in the order of their sending, each once its fate is final.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

/* Zeroed memory: no packet yet. */
struct losses {
	uint64_t run_n;   /* packets of the period that goes on; 0: the last packet came back */
	int64_t since_ns; /* its first packet's sending                                       */
};

struct losses_period {
	uint64_t length;     /* packets                                                  */
	int64_t duration_ns; /* sending of the first packet after it - that of its first */
};

enum losses_fate { LOSSES_RECEIVED, LOSSES_LOST };

/* The next packet, sent at sent_ns. True: a period ended before it, which is in ret_period. */
bool losses_add(struct losses *l, enum losses_fate fate, int64_t sent_ns, struct losses_period *ret_period) must_check;

/* No packet follows; at_ns is when the next one would have been sent. True: a period ended with the last one. */
bool losses_end(struct losses *l, int64_t at_ns, struct losses_period *ret_period) must_check;

/* A ratio's interval of 95 % confidence. */
struct losses_range {
	double low;
	double high;
};

/* Wilson's interval of lost / n (Wilson 1927, z = 1.96); of n = 0: all from 0 to 1. */
struct losses_range losses_wilson(uint64_t lost, uint64_t n);
