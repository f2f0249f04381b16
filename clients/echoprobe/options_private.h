/* SPDX-License-Identifier: MIT */
/* The table of options: between options.c, which reads a command line by it, and options_rows.c, which has it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "echoprobe/plan.h"

#define OPTIONS_N 46

struct option_row;
typedef int option_take_fn(const struct option_row *row, struct plan *plan, const char *value);

struct option_row {
	char letter;          /* 0: it has the long name only           */
	const char *name;     /* NULL: it has the letter only           */
	const char *argument; /* its name in the help; NULL: none       */
	const char *help;     /* what it does, in a line                */
	const char *takes;    /* a refusal says "-t takes " and this    */
	option_take_fn *take; /* 0 or -errno; NULL: -h and -V           */
	size_t offset, width; /* of the member of struct plan           */
	uint64_t least, most; /* of a number or a time                  */
};

extern const struct option_row options_rows[OPTIONS_N];
