/* SPDX-License-Identifier: MIT */
/*
 * What a configuration names and this machine does not have: users, groups, interfaces, folders. The file is right, and may
 * be meant for another machine; a start here would fail.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "settings/settings.h"

/* Prints a line for each, as messages about settings are. How many there were. */
size_t findings_print(const struct settings *s, FILE *to);
