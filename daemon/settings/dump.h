/* SPDX-License-Identifier: MIT */
/* -T: the effective settings, as a file that reads back to the same. */
#pragma once

#include <stdio.h>

#include "base/attr.h"
#include "settings/draft.h"

/* Every key of s, with its origin as a comment. 0 or -EIO. */
int dump_write(const struct settings *s, FILE *to) must_check;
