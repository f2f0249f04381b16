/* SPDX-License-Identifier: MIT */
/* The chargen test (RFC 864): of a connection as many bytes as -s says, of an answer to a datagram all. */
#include "echoprobe/chargen.h"

#include "echoprobe/engine.h"
#include "echoprobe/in_order.h"

static enum probe_judged judge(const struct engine *e, const struct payload_id *id maybe_unused,
			       const struct probe_heard *heard, enum tally_content *ret)
{
	bool enough = heard->n >= e->size_bytes || e->plan->transport == PLAN_UDP || e->unix_datagrams;

	if (!enough && !heard->ended)
		return PROBE_MORE;
	*ret = !in_order_is_text(heard) ? TALLY_CORRUPTED : enough ? TALLY_INTACT : TALLY_TRUNCATED;
	return PROBE_DONE;
}

const struct probe_exchange chargen_exchange = { .judge = judge };
