/* SPDX-License-Identifier: MIT */
/* The faults that the server was asked to do to our packets (its listener's `impair`, by content), as the command line
 * says it. */
#pragma once

#include "base/attr.h"
#include "wire/impairment.h"

/* "SEED,KEY=PERCENT,...": KEY is drop, duplicate, corrupt, truncate or reorder, each at most once. 0, -EINVAL (no such
 * words) or -ERANGE (a number out of range); *ret is set on 0 only. */
int expect_parse(const char *s, struct impairment *ret) must_check;
