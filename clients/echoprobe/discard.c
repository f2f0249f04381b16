/* SPDX-License-Identifier: MIT */
/* The discard test (RFC 863). A datagram that is answered all the same has an answer that is too long. */
#include "echoprobe/discard.h"

#include "echoprobe/echo.h"

static enum probe_judged judge(const struct engine *e maybe_unused, const struct payload_id *id maybe_unused,
			       const struct probe_heard *heard, enum tally_content *ret)
{
	*ret = heard->n > 0 ? TALLY_LENGTHENED : TALLY_INTACT;
	return heard->ended ? PROBE_DONE : PROBE_MORE;
}

const struct probe_exchange discard_exchange = {
	.ask = echo_ask,
	.half_closes = true,
	.is_silent = true,
	.judge = judge,
};
