/* SPDX-License-Identifier: MIT */
/* Which row of the counters and of the session table a listener's label has. */
#include "supervisor/labels.h"

#include <errno.h>
#include <string.h>

int labels_row(struct labels *r, const char *label, uint32_t *ret)
{
	for (*ret = 0; *ret < r->n; (*ret)++)
		if (strcmp(r->names[*ret], label) == 0)
			return 0;
	if (r->n == TABLE_ROWS_MAX)
		return -E2BIG;
	int e = text_copy(r->names[r->n], LISTENER_LABEL_MAX, label);
	if (e < 0)
		return e;
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
