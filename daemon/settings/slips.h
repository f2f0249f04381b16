/* SPDX-License-Identifier: MIT */
/* The usual slips of who writes settings by hand, found where libconfig says "syntax error". Pure. */
#pragma once

#include "base/text.h"

/* Adds what is wrong in that line of the text (from 1), or in the one before, and what to write instead. */
void slips_explain(struct text *to, const char *text, unsigned line);
