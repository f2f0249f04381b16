/* SPDX-License-Identifier: MIT */
/* From the flat list to the fields: each value by its line of settings.def, its default first. */
#pragma once

#include "settings/draft.h"

/* Fills the settings from the flat list. What is wrong goes to the report. */
void apply_list(struct draft *d);
