/* SPDX-License-Identifier: MIT */
/* Values that follow from others: names, ports, pools, and the zones, quotes and host tables that the settings name. */
#pragma once

#include "settings/draft.h"

/* Fills in what apply_list() could not know yet. What is wrong goes to the report. */
void load_all(struct draft *d);
