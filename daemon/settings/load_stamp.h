/* SPDX-License-Identifier: MIT */
/* A stamp listener's needs beyond its words: its key, and places for its sessions. */
#pragma once

#include "settings/draft.h"

void load_stamp(struct draft *d, struct listener_settings *l);
