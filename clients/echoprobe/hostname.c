/* SPDX-License-Identifier: MIT */
/* The hostname test (RFC 953). */
#include "echoprobe/hostname.h"

#include <string.h>

#include "echoprobe/engine.h"
#include "echoprobe/in_order.h"

#define END "\r\n"
#define END_BYTES 2

uint32_t hostname_size_bytes(const struct plan *plan)
{
	return (uint32_t)strlen(plan->ask) + END_BYTES;
}

void hostname_build(const struct engine *e, const struct payload_id *id maybe_unused, uint8_t *to)
{
	size_t n = strlen(e->plan->ask);

	memcpy(to, e->plan->ask, n);
	memcpy(to + n, END, END_BYTES);
}

static size_t ask(const struct engine *e, const struct payload_id *id, uint8_t *to)
{
	hostname_build(e, id, to);
	return hostname_size_bytes(e->plan);
}

static enum probe_judged judge(const struct engine *e maybe_unused, const struct payload_id *id maybe_unused,
			       const struct probe_heard *heard, enum tally_content *ret)
{
	*ret = heard->n == 0 ? TALLY_TRUNCATED : in_order_is_text(heard) ? TALLY_INTACT : TALLY_CORRUPTED;
	return heard->ended ? PROBE_DONE : PROBE_MORE;
}

const struct probe_exchange hostname_exchange = {
	.ask = ask,
	.one_size = "--ask says how long a question is",
	.judge = judge,
	.note = in_order_note,
};
