/* SPDX-License-Identifier: MIT */
/* A configuration's effect, described for a person: -t. */
#pragma once

#include <stdio.h>

#include "base/attr.h"
#include "settings/settings.h"

/* Prints what would listen where, who serves it and under which limits: a line a socket. 0 or -errno. */
int describe_listeners(const struct settings *s, FILE *to) must_check;
