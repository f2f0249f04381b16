/* SPDX-License-Identifier: MIT */
/* Labels: the row of the counters and of the session table that belongs to a listener. */
#include "generation/labels.h"

#include <errno.h>
#include <string.h>

void labels_add(struct labels_rows *to, uint32_t row)
{
	to->words[row / 64] |= UINT64_C(1) << row % 64;
}

void labels_add_all(struct labels_rows *to, const struct labels_rows *from)
{
	for (size_t i = 0; i < LABELS_WORDS; i++)
		to->words[i] |= from->words[i];
}

bool labels_find(const struct labels *r, const char *label, uint32_t *ret)
{
	for (*ret = 0; *ret < r->n; (*ret)++)
		if (strcmp(r->names[*ret], label) == 0)
			return true;
	return false;
}

static bool has(const struct labels_rows *rows, uint32_t row)
{
	return rows->words[row / 64] >> row % 64 & 1;
}

int labels_spare(const struct labels *r, const struct labels_rows *used, uint32_t *ret)
{
	*ret = r->n;
	for (uint32_t i = 0; r->n == TABLE_ROWS_MAX && i < r->n; i++)
		if (!has(used, i) && (*ret == r->n || r->newest[i] < r->newest[*ret]))
			*ret = i;
	return *ret < TABLE_ROWS_MAX ? 0 : -E2BIG;
}

int labels_give(struct labels *r, uint32_t row, const char *label)
{
	int e = text_copy(r->names[row], LISTENER_LABEL_MAX, label);

	if (e < 0)
		return e;
	memset(r->said[row], 0, sizeof(r->said[row]));
	if (row == r->n)
		r->n++;
	return 0;
}

uint64_t labels_say(struct labels_said *said, uint64_t total, uint64_t now_ns)
{
	uint64_t n = total - said->n;

	if (n == 0 || (said->at_ns != 0 && now_ns < said->at_ns + LABELS_SAY_AGAIN_NS))
		return 0;
	said->n = total;
	said->at_ns = now_ns;
	return n;
}
