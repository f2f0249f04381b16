/* SPDX-License-Identifier: MIT */
/* The settings that the environment says: ECHOTIMED__LOG__LEVEL=debug is what -o log.level=debug is. */
#pragma once

#include <stddef.h>

#include "base/attr.h"
#include "settings/types.h"

/* All of `variables` ("NAME=VALUE", NULL behind the last) whose name begins with ECHOTIMED__, in their order, in a list of
 * the heap with room for `more` behind them. In the rest of a name two underscores part the words of a key, and a word of
 * digits is the number of an element. Nothing says a setting where this program has rights that who started it has not
 * (AT_SECURE). 0 or -ENOMEM. */
int environment_read(char *const *variables, size_t more, struct settings_override **ret, size_t *ret_n) must_check;
