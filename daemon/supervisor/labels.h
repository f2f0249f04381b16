/* SPDX-License-Identifier: MIT */
/*
 * Which row of the counters and of the session table a listener's label ("echo/tcp") has: the same one over all
 * generations.
 */
#pragma once

#include <stdint.h>

#include "base/attr.h"
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

/* The label's row, a new one if it has none. 0, or -E2BIG when all are taken. */
int labels_row(struct labels *r, const char *label, uint32_t *ret) must_check;
