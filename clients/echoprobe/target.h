/* SPDX-License-Identifier: MIT */
/* From a HOST of the command line to the address that is tested, and from -I to the address that is sent from. */
#pragma once

#include "base/addr.h"
#include "base/attr.h"
#include "base/text.h"
#include "echoprobe/plan.h"
#include "echoprobe/units.h"

struct target {
	char name[UNITS_HOST_MAX]; /* as written, without the port; a UNIX socket: its path, cut */
	struct addr addr;          /* with its port; AF_UNIX: the path is the plan's             */
	size_t addresses_n;        /* that the name has in the family asked for                  */
};

/* Asks the system's resolver, and takes the first address. 0; -EINVAL: no such word; -ENOENT: no such name or service;
 * -EAGAIN: the name servers do not answer. *why is the sentence. */
int target_resolve(const struct plan *plan, const char *word, struct target *ret, struct text *why) must_check;

/* The end that the plan's -I says to send from, for a target of `family`: an address (its port 0), an interface (its
 * name, and no address), or neither. 0 or -EINVAL and the sentence. */
struct target_source {
	struct addr addr;      /* AF_UNSPEC: the kernel's choice */
	const char *interface; /* NULL: none                     */
};
int target_source(const struct plan *plan, int family, struct target_source *ret, struct text *why) must_check;
