/* SPDX-License-Identifier: MIT */
/* The data of the supervisor, for the modules of this room. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "control/control.h"
#include "generation/fleet.h"
#include "settings/settings.h"
#include "upgrade/upgrade.h"

struct supervisor {
	struct fleet fleet;
	struct control control;
	struct upgrade upgrade;
	const struct settings_override *overrides;
	size_t overrides_n;
	struct loop_source signals;
	struct loop_timer timer;
	uint64_t watchdog_ns;  /* how often the service manager wants a sign of life; 0: never */
	uint64_t tick_ns;      /* when the next look at everything is due */
	uint64_t retry_ns;     /* when settings that could not be read are tried again */
	uint32_t lookups_were; /* how many questions waited at the last look */
	bool renews;           /* what comes has the settings of the current generation, for sockets that were bound anew */
	bool ended;
	int exit_code;
};
