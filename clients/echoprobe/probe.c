/* SPDX-License-Identifier: MIT */
/* The tests by name. */
#include <string.h>

#include "base/attr.h"
#include "echoprobe/echo.h"
#include "echoprobe/probe.h"

#define UDP (1u << PLAN_UDP)
#define PROBE(test, service_port, usual, all, build_fn, read_fn, report_fn)                                                 \
	{ .name = #test,                                                                                                    \
	  .port = service_port,                                                                                             \
	  .transport = usual,                                                                                               \
	  .transports = all,                                                                                                \
	  .build = build_fn,                                                                                                \
	  .read = read_fn,                                                                                                  \
	  .report = report_fn },
static const struct probe probes[] = {
#include "echoprobe/tests.def"
};

const struct probe *probe_at(size_t i)
{
	return i < array_n(probes) ? &probes[i] : NULL;
}

const struct probe *probe_find(const char *name)
{
	for (size_t i = 0; i < array_n(probes); i++)
		if (strcmp(probes[i].name, name) == 0)
			return &probes[i];
	return NULL;
}
