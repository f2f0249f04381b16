/* SPDX-License-Identifier: MIT */
/* Statistics in the log: what SIGUSR1 asks for. */
#pragma once

#include "generation/fleet.h"

/* A line a listener with what it counted since the start, one for all, one a pool. */
void log_statistics(const struct fleet *f);
