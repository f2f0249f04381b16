/* SPDX-License-Identifier: MIT */
/* The ICMP errors of a run, counted by their kind and by who sent them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "echoprobe/errqueue.h"
#include "echoprobe/result.h"

#define ICMP_KINDS_MAX 32 /* what is beyond is counted together, as the last */

/* Zeroed memory: none yet. */
struct icmp_errors {
	struct result_icmp rows[ICMP_KINDS_MAX];
	size_t n;
};

/* Counts one; the row in which it is counted. */
const struct result_icmp *icmp_add(struct icmp_errors *errors, const struct errqueue_message *m);
