/* SPDX-License-Identifier: MIT */
/* Decimal numbers: digits and nothing else, no sign, no blank, none that wraps. Pure. */
#pragma once

#include <stdint.h>

#include "base/attr.h"

/* Reads the digits at *at and moves *at behind them. 0; -EINVAL: there is no digit; -ERANGE: more than 64 bits. *ret is set
 * on 0 only. */
int decimal_take(const char **at, uint64_t *ret) must_check;

/* Reads a text that is a number of at most `most`. 0; -EINVAL: it is none; -ERANGE: it is more. *ret is set on 0 only. */
int decimal_parse(const char *s, uint64_t most, uint64_t *ret) must_check;
