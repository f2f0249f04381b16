/* SPDX-License-Identifier: MIT */
/*
 * /metrics over HTTP, of runs that go on for ever: libmicrohttpd, driven by the loop of the engine.
 *
 * Answers GET and HEAD, to a few clients at once; one that is silent for 5 s is closed. Nobody can ask it to test anything:
 * what is tested is said on the command line.
 */
#pragma once

#include <stddef.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/loop.h"
#include "base/text.h"
#include "echoprobe/result.h"

/* Whoever has the results; called for each question, in a turn of the loop. Returns how many there are in *ret. */
struct exporter_source {
	struct loop *loop;
	size_t (*results)(struct exporter_source *source, const struct result *const **ret);
};

struct exporter;

/* "[ADDRESS:]PORT", as "9862", "0.0.0.0:9862", "[::1]:9862"; without an address 127.0.0.1. 0 or -EINVAL. */
int exporter_parse(const char *at, struct addr *ret) must_check;

#define EXPORTER_TIMERS 1 /* in the loop */

/* Listens at `at` (port 0: the kernel's choice); the source and its loop are the caller's for as long as *ret is, which is
 * ended by exporter_close(). 0, -ENOSYS where it was built without libmicrohttpd, or -errno; *why is the sentence. */
int exporter_open(const struct addr *at, struct exporter_source *source, struct exporter **ret, struct text *why) must_check;

/* The address where it listens. */
struct addr exporter_address(const struct exporter *e);

/* NULL: nothing. */
void exporter_close(struct exporter *e);
