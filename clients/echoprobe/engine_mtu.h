/* SPDX-License-Identifier: MIT */
/* Packets of the mtu test, one after the other. */
#pragma once

#include "echoprobe/engine.h"

extern const struct engine_carrier engine_mtu;
