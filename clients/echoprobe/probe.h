/* SPDX-License-Identifier: MIT */
/* The tests by name: a row of tests.def and a file each. */
#pragma once

#include <stddef.h>

#include "echoprobe/batch.h"
#include "echoprobe/payload.h"
#include "echoprobe/plan.h"

struct engine;
struct engine_flow;
struct result;

/* To which packet an answer belongs, and how it differs. */
struct probe_answer {
	uint64_t seq; /* PENDING_KNOWN */
	enum tally_content content;
};

enum probe_found {
	PROBE_ANSWER,
	PROBE_DAMAGED,   /* as well, but its header was damaged: it counts from the target alone */
	PROBE_FORGOTTEN, /* to a packet that is no longer remembered                             */
	PROBE_UNRELATED, /* to none of this run                                                  */
};

struct probe {
	const char *name;
	const char *port;              /* its service's, of IANA                 */
	enum plan_transport transport; /* where neither -u, -T nor --unix is said */
	unsigned transports;           /* those that it has: 1 << PLAN_UDP | …   */

	/* Writes a packet of the plan's size. */
	void (*build)(const struct engine *e, const struct payload_id *id, uint8_t *to);
	/* Looks at what came on a flow. ret where an answer was found. */
	enum probe_found (*read)(const struct engine_flow *f, const struct batch_datagram *d, struct probe_answer *ret);
	/* Adds what only this test knows to the result; NULL: nothing. */
	void (*report)(struct engine *e, struct result *ret);
};

/* NULL: there is none of that name. */
const struct probe *probe_find(const char *name);

/* The i-th; NULL behind the last. */
const struct probe *probe_at(size_t i);
