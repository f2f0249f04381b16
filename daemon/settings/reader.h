/* SPDX-License-Identifier: MIT */
/* The settings reader: a process that lives for one reading, so that a bad file can take down, stop or fill nothing but
 * it. */
#pragma once

#include <stddef.h>

#include "base/attr.h"
#include "settings/items.h"
#include "settings/types.h"

#define READER_OUTPUT_MAX ((size_t)96 << 20) /* bytes the parent takes, host tables counted */

struct reader_result {
	struct items items; /* may be nothing but errors */
	char *bytes;        /* what its items point into */
	char why[160];      /* -EINVAL: what happened to the reader, in words */
};

/* Reads the source in a child. 0; -EINVAL: the child did not get to its end; else what fork or a pipe failed
 * with. The child is gone in every case, and the result is to be given back with reader_done(). */
int reader_run(const struct settings_source *source, struct reader_result *ret) must_check;
void reader_done(struct reader_result *r);

/* The child's part: reads and writes the list to a descriptor. 0, or -errno if not all could be written. */
int reader_write(const struct settings_source *source, int fd) must_check;

/* reader_run() with the child's part and its time given: so tests see what the parent makes of one that hangs, dies or
 * lies. */
typedef int reader_child_fn(const struct settings_source *source, int fd);
int reader_run_child(const struct settings_source *source, reader_child_fn *child, unsigned time_ms,
		     struct reader_result *ret) must_check;
