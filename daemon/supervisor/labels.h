/* SPDX-License-Identifier: MIT */
/*
 * Which row of the counters and of the session table a listener's label ("echo/tcp") has: the same one over all
 * generations.
 */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "net/listener.h"
#include "session/counters.h"
#include "session/table.h"

struct labels {
	char names[TABLE_ROWS_MAX][LISTENER_LABEL_MAX];
	uint32_t n;
	/* What the log has said of refusals, per row and reason; [1]: of those that `dry_run` lifted. */
	struct labels_said {
		uint64_t n;
		uint64_t at_ns;
	} said[TABLE_ROWS_MAX][2][REFUSALS_N];
};

#define LABELS_SAY_AGAIN_NS (30 * CLOCK_S_NS) /* lines about one row and reason are so far apart, however much is refused */

/* Of `total` refusals so far, how many are to be told of now: all that are new, or, not long after the last line, none.
 * Those to be told of count as said. */
uint64_t labels_say(struct labels_said *said, uint64_t total, uint64_t now_ns);

/* The label's row, a new one if it has none. 0, or -E2BIG when all are taken. */
int labels_row(struct labels *r, const char *label, uint32_t *ret) must_check;
