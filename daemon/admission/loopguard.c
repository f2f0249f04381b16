/* SPDX-License-Identifier: MIT */
/* Ends slow loops: one datagram in a row of 1,024 is dropped. */
#include "admission/loopguard.h"

#include <stdatomic.h>
#include <string.h>

_Static_assert((UINT16_MAX + 1) % LOOPGUARD_EVERY == 0, "a count that wraps goes on in step");

uint32_t loopguard_drops(const struct loopguard *g, const struct addr *source, uint32_t group, uint32_t n)
{
	uint64_t name[3] = { (uint64_t)source->family << 48 | (uint64_t)source->port << 32 | group };
	uint32_t before; /* the next one that is dropped */

	if (source->port >= LOOPGUARD_CLIENTS_FIRST && source->port <= LOOPGUARD_CLIENTS_LAST)
		return LOOPGUARD_NONE;
	memcpy(name + 1, source->bytes, sizeof(source->bytes));
	before = LOOPGUARD_EVERY - 1 -
		 atomic_fetch_add_explicit(
			 &g->counts[siphash(&g->key, name, source->family == AF_INET ? 16 : 24) % LOOPGUARD_COUNTS],
			 (uint16_t)n, memory_order_relaxed) %
			 LOOPGUARD_EVERY;
	return before < n ? before : LOOPGUARD_NONE;
}
