/* SPDX-License-Identifier: MIT */
/* Statistics in the log: what SIGUSR1 asks for. */
#pragma once

#include "supervisor/supervisor.h"

/* A line a listener with what it counted since the start, one for all, one a pool. */
void statistics_log(const struct supervisor *s);
