/* SPDX-License-Identifier: MIT */
/* The daytime test (RFC 867), whose form nobody prescribes: any printable text is right. */
#include "echoprobe/daytime.h"

#include "echoprobe/in_order.h"

static enum probe_judged judge(const struct engine *e maybe_unused, const struct payload_id *id maybe_unused,
			       const struct probe_heard *heard, enum tally_content *ret)
{
	*ret = heard->n == 0 ? TALLY_TRUNCATED : in_order_is_text(heard) ? TALLY_INTACT : TALLY_CORRUPTED;
	return heard->ended ? PROBE_DONE : PROBE_MORE;
}

const struct probe_exchange daytime_exchange = { .judge = judge, .note = in_order_note };
