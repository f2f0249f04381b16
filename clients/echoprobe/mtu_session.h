/* SPDX-License-Identifier: MIT */
/* The state of the mtu test: engine_mtu.c fills it, mtu.c reports of it. */
#pragma once

#include "echoprobe/engine.h"
#include "echoprobe/mtu_steps.h"

struct mtu {
	struct engine_flow *flow;
	struct target_source from;
	struct mtu_steps steps;
	struct mtu_step step; /* under way                                      */
	bool told;            /* what became of it                              */
	uint64_t first, seq;  /* packets of this step: the first and the last   */
	uint64_t rtt_ns;      /* of the last answer */
	struct loop_timer timer;
	struct addr confirmer;
	char router[ADDR_TEXT_MAX], confirmer_name[64];
	struct result_value interface_bytes;
	struct result_mtu result;
};

static inline struct mtu *mtu_of(const struct engine_flow *f)
{
	return f->session;
}
