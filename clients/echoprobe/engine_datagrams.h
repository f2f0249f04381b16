/* SPDX-License-Identifier: MIT */
/* Packets that travel as datagrams over UDP. */
#pragma once

#include "echoprobe/engine.h"

extern const struct engine_carrier engine_datagrams;
