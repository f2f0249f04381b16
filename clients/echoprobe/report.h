/* SPDX-License-Identifier: MIT */
/*
 * The formats that a run is reported in: a row each. What a format does not say as the run goes on it has no function for.
 *
 * Each writes to a stream of the caller's, who looks at the end whether all was written (ferror(3)).
 */
#pragma once

#include <stdio.h>

#include "echoprobe/result.h"

struct report {
	const char *name; /* of --format */
	/* Each may be NULL. `r` is what is known so far; of start, what was asked and whom. */
	void (*start)(const struct result *r, FILE *to);
	void (*packet)(const struct result *r, const struct result_packet *p, FILE *to);
	void (*icmp)(const struct result *r, const struct result_icmp *icmp, FILE *to);
	void (*interval)(const struct result *r, const struct result_scope *interval, FILE *to);
	/* All runs, when they are over: n, one a target, in the order of the command line. */
	void (*finish)(const struct result *const *results, size_t n, FILE *to);
	/* A target that could not be tested: why, where its reader has no eye on standard error. */
	void (*failed)(const struct plan *plan, const char *why, FILE *to);
	/* The program's exit status; of no result at all that of nothing tested. Never NULL. */
	int (*status)(const struct result *const *results, size_t n);
};

/* NULL: there is none of that name. */
const struct report *report_find(const char *name);

/* The i-th; NULL behind the last. The first is the one where none is asked for. */
const struct report *report_at(size_t i);
