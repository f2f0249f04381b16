/* SPDX-License-Identifier: MIT */
/* Room in a full pool: its longest idle sessions go when their listeners' idle_timeout_busy is over. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "supervisor/generation.h"

/* Every process of the pool is full, and there will be no more of them. */
bool room_is_out(const struct generation *g, uint32_t pool);

/* Marks sessions to end: once a second in a full pool, a sixteenth of its sessions at most. */
void room_make(struct generation *g, uint32_t pool, uint64_t now_ns);
