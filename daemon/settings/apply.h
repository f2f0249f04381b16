/* SPDX-License-Identifier: MIT */
/* From the flat list to the fields: each value by its row of settings.def, its default first. */
#pragma once

#include "settings/private.h"

/* Fills the settings from the flat list. What is wrong goes to the report. */
void apply_list(struct draft *d);
