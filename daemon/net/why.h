/* SPDX-License-Identifier: MIT */
/* The words for what was not possible. */
#pragma once

#include "base/text.h"

/* The system's text for -errno as the end of a sentence: "address already in use". */
void why_add_error(struct text *t, int r);
