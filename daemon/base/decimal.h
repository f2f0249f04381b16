/* SPDX-License-Identifier: MIT */
/* Decimal numbers: digits and nothing else, no sign, no blank, none that wraps. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/* Reads the digits at *at and moves *at behind them. 0; -EINVAL: there is no digit; -ERANGE: more than 64 bits. *ret is set
 * on 0 only. */
int decimal_take(const char **at, uint64_t *ret) must_check;

/* Reads a text that is a number of at most `most`. 0; -EINVAL: it is none; -ERANGE: it is more. *ret is set on 0 only. */
int decimal_parse(const char *s, uint64_t most, uint64_t *ret) must_check;

/* A unit, and how much of `ret` one of it is: a power of ten up to 10^9, or a multiple of 10^9. */
struct decimal_unit {
	const char *name; /* "": the bare number */
	uint64_t factor;
};

/* Reads "12", "1.5ms", "0.125": a number with one of n units directly behind it, its whole part and its decimals apart, so
 * that no floating point is needed. 0; -EINVAL: it is none, has more than nine decimals, or does not come out even; -ERANGE:
 * more than 64 bits. *ret is set on 0 only. */
int decimal_with_unit(const char *s, const struct decimal_unit *units, size_t n, uint64_t *ret) must_check;

/* "1", "2.5", "0.125": in thousandths. As decimal_with_unit(). */
int decimal_thousandths(const char *s, uint64_t *ret) must_check;
