/* SPDX-License-Identifier: MIT */
/* The mtu test: the path MTU of each direction (mtu_steps.h), one packet after the other (engine_mtu.c). */
#pragma once

#include "echoprobe/engine.h"
#include "echoprobe/probe.h"

extern const struct probe_session mtu_session;

void mtu_report(struct engine *e, struct result *ret);
