/* SPDX-License-Identifier: MIT */
/* The rules across keys, for what each key alone may say but all together may not. */
#pragma once

#include "settings/draft.h"

/* Checks settings that are filled in. What is wrong, or dangerous, goes to the report. */
void check_all(struct draft *d);
