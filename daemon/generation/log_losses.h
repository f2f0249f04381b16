/* SPDX-License-Identifier: MIT */
/* The log lines that were not written: told as soon as lines can be written again, with exact counts. */
#pragma once

#include "generation/fleet.h"

/* Called once a second, and at the end. */
void log_losses(struct fleet *f);
