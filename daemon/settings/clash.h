/* SPDX-License-Identifier: MIT */
/* Listeners that cannot all be there: the same name, the same address and port, the same path. */
#pragma once

#include "settings/draft.h"

/* A clash goes to the report, once for each listener. Disabled listeners clash with nothing. */
void clash_find(struct draft *d);
