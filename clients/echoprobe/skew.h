/* SPDX-License-Identifier: MIT */
/*
 * How fast two clocks drift apart: the slope of the line that lies below all delays of a way, and as near to them as can be
 * (Moon, Skelly, Towsley 1999). Queues only add to a delay, so least squares would follow the queues, and this does not.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "echoprobe/delay_sample.h"

struct skew {
	double skew_ppm;  /* of their clock against ours               */
	double trend_ppm; /* of the delays of both ways: queues that grow look like this, clocks do not */
};

/* Of n samples in the order of t1_ns. False: there are too few, or all at one time. */
bool skew_find(const struct delay_sample *samples, size_t n, struct skew *ret_skew) must_check;
