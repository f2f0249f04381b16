/* SPDX-License-Identifier: MIT */
/*
 * Labels: the row of the counters and of the session table that a listener's label ("echo/tcp") has: the same one over all
 * generations. It keeps it when no generation has it any more, for it may come back, until another label needs the place.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "net/listener.h"
#include "shared/counters.h"
#include "admission/table.h"

#define LABELS_WORDS (TABLE_ROWS_MAX / 64)

/* A set of rows. */
struct labels_rows {
	uint64_t words[LABELS_WORDS];
};

struct labels {
	char names[TABLE_ROWS_MAX][LISTENER_LABEL_MAX];
	uint32_t newest[TABLE_ROWS_MAX]; /* the number of the last generation that has had this label */
	uint32_t n;
	/* Refusals that the log has told of, per row and reason; [1]: those that `dry_run` lifted. */
	struct labels_said {
		uint64_t n;
		uint64_t at_ns;
	} said[TABLE_ROWS_MAX][2][REFUSALS_N];
};

#define LABELS_SAY_AGAIN_NS (30 * CLOCK_S_NS) /* lines about one row and reason are so far apart, however much is refused */

/* Of `total` refusals so far, how many are to be told of now: all that are new, or, not long after the last line, none.
 * Those to be told of count as said. */
uint64_t labels_say(struct labels_said *said, uint64_t total, uint64_t now_ns);

void labels_add(struct labels_rows *to, uint32_t row);
void labels_add_all(struct labels_rows *to, const struct labels_rows *from);

/* Whether the label has a row. */
bool labels_find(const struct labels *r, const char *label, uint32_t *ret);

/* A row for a label that has none: one that was never given out, r->n, or else, of those that are not used, the one whose
 * label has been gone for longest. 0, or -E2BIG: all are used. */
int labels_spare(const struct labels *r, const struct labels_rows *used, uint32_t *ret) must_check;

/* The row is this label's from now on; nothing was said of it. 0, or -errno: the label is too long. */
int labels_give(struct labels *r, uint32_t row, const char *label) must_check;
