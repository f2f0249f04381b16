/* SPDX-License-Identifier: MIT */
/* The hostname test (RFC 953). */
#include "echoprobe/hostname.h"

#include <string.h>

#include "echoprobe/engine.h"
#include "echoprobe/in_order.h"

static size_t ask(const struct engine *e, const struct payload_id *id maybe_unused, uint8_t *to)
{
	size_t n = strlen(e->plan->ask);

	memcpy(to, e->plan->ask, n);
	memcpy(to + n, "\r\n", 2);
	return n + 2;
}

static enum probe_judged judge(const struct engine *e maybe_unused, const struct payload_id *id maybe_unused,
			       const struct probe_heard *heard, enum tally_content *ret)
{
	*ret = heard->n == 0 ? TALLY_TRUNCATED : in_order_is_text(heard) ? TALLY_INTACT : TALLY_CORRUPTED;
	return heard->ended ? PROBE_DONE : PROBE_MORE;
}

const struct probe_exchange hostname_exchange = { .ask = ask, .judge = judge, .note = in_order_note };
