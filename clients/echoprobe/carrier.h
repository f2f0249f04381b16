/* SPDX-License-Identifier: MIT */
/* The carriers: how the packets of a plan travel. */
#pragma once

#include "echoprobe/engine.h"

const struct engine_carrier *carrier_of(const struct plan *plan);
