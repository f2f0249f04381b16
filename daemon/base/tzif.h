/* SPDX-License-Identifier: MIT */
/*
 * When a file of the tz database (RFC 8536) says that something changes. What changes then is the C library's to say: this
 * spares asking it day by day.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct tzif {
	int64_t *changes; /* POSIX times, ascending; the heap's: the caller frees them */
	size_t changes_n;
	bool has_rule; /* after the last of them a rule goes on, with changes of its own every year */
};

/* Reads an open file from its beginning. 0; -ENOENT: it is none; -ENOTSUP: one that does not say it all (version 1, or with
 * leap seconds); -ENOMEM, or what read failed with. *ret is set on 0 alone. */
int tzif_read(int fd, struct tzif *ret) must_check;
