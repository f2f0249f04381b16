/* SPDX-License-Identifier: MIT */
/* The carriers: how the packets of a plan travel. */
#include "echoprobe/carrier.h"

#include "echoprobe/engine_datagrams.h"
#include "echoprobe/engine_exchange.h"
#include "echoprobe/engine_mtu.h"
#include "echoprobe/engine_stream.h"
#include "echoprobe/mtu.h"
#include "echoprobe/probe.h"

const struct engine_carrier *carrier_of(const struct plan *plan)
{
	if (plan->probe->session == &mtu_session)
		return &engine_mtu;
	if (plan->transport == PLAN_UDP)
		return &engine_datagrams;
	return plan->probe == probe_at(0) && !plan->reconnect ? &engine_stream : &engine_exchange;
}
