/* SPDX-License-Identifier: MIT */
/* The command line: a table of options, read into a plan. */
#pragma once

#include "base/attr.h"
#include "base/text.h"
#include "echoprobe/plan.h"

enum options_what {
	OPTIONS_RUN,     /* the plan is whole            */
	OPTIONS_HELP,    /* -h: print options_help()     */
	OPTIONS_VERSION, /* -V: print the version        */
};

/* argv is the command line's and stays; it is put in order. The plan begins with the defaults. 0, or -EINVAL and a sentence
 * that says what would be right. */
int options_read(int argc, char **argv, struct plan *ret, enum options_what *ret_what, struct text *why) must_check;

void options_help(struct text *t);
