/* SPDX-License-Identifier: MIT */
/* The tests by name: a row of tests.def and a file each. */
#pragma once

#include <stddef.h>

#include "echoprobe/plan.h"

struct probe {
	const char *name;
	const char *port;              /* its service's, of IANA            */
	enum plan_transport transport; /* where neither -u, -T nor --unix is said */
	unsigned transports;           /* those that it has: 1 << PLAN_UDP | …    */
};

/* NULL: there is none of that name. */
const struct probe *probe_find(const char *name);

/* The i-th; NULL behind the last. */
const struct probe *probe_at(size_t i);
