/* SPDX-License-Identifier: MIT */
/* The tests by name. */
#include "echoprobe/probe.h"

#include <string.h>

#include "base/attr.h"
#include "echoprobe/audit.h"
#include "echoprobe/chargen.h"
#include "echoprobe/daytime.h"
#include "echoprobe/discard.h"
#include "echoprobe/echo.h"
#include "echoprobe/hostname.h"
#include "echoprobe/in_order.h"
#include "echoprobe/info.h"
#include "echoprobe/mtu.h"
#include "echoprobe/stamp.h"
#include "echoprobe/time.h"

#define UDP (1u << PLAN_UDP)
#define CONNECTIONS (1u << PLAN_TCP | 1u << PLAN_UNIX)
#define ALL (UDP | CONNECTIONS)
#define PROBE(test, service_port, usual, all, sentence, build_fn, read_fn, exchanges, report_fn, kept)                      \
	{ .name = #test,                                                                                                    \
	  .port = service_port,                                                                                             \
	  .transport = usual,                                                                                               \
	  .transports = all,                                                                                                \
	  .whole = sentence,                                                                                                \
	  .build = build_fn,                                                                                                \
	  .read = read_fn,                                                                                                  \
	  .exchange = exchanges,                                                                                            \
	  .report = report_fn,                                                                                              \
	  .session = kept },
static const struct probe probes[] = {
#include "echoprobe/tests.def"
};

const struct probe *probe_at(size_t i)
{
	return i < array_n(probes) ? &probes[i] : NULL;
}

bool probe_is_silent(const struct plan *plan)
{
	return plan->transport == PLAN_UDP && plan->probe->exchange && plan->probe->exchange->is_silent;
}

const struct probe *probe_find(const char *name)
{
	for (size_t i = 0; i < array_n(probes); i++)
		if (strcmp(probes[i].name, name) == 0)
			return &probes[i];
	return NULL;
}
