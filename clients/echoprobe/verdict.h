/* SPDX-License-Identifier: MIT */
/* Whether a result is good enough: for the exit status and for monitoring. */
#pragma once

#include <stddef.h>

#include "echoprobe/result.h"

/* In monitoring's numbers. */
enum verdict {
	VERDICT_OK,
	VERDICT_WARNING,
	VERDICT_CRITICAL,
	VERDICT_UNKNOWN, /* nothing was tested */
};

/* By the limits of -w and -C: mean RTT, and share of lost and late packets. Without limits what is not all back, in time, is
 * a warning, and none back is critical; altered answers are a warning at least. */
enum verdict verdict_of(const struct result *r);

/* "OK", "WARNING", "CRITICAL", "UNKNOWN" */
const char *verdict_name(enum verdict v);

/* The program's exit status; a larger one is worse. */
enum verdict_status {
	VERDICT_GOOD,    /* all came back in time and unaltered, or within -C; mtu: both directions found */
	VERDICT_BAD,     /* not                                                                           */
	VERDICT_NOTHING, /* nothing was tested                                                            */
	VERDICT_SILENT,  /* nothing came back                                                             */
};
enum verdict_status verdict_status(const struct result *r);

/* The worst of n; of none VERDICT_NOTHING. */
int verdict_exit(const struct result *const *results, size_t n);
