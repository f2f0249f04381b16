/* SPDX-License-Identifier: MIT */
/*
 * The memory in which rates are held, handed from generation to generation.
 *
 * A reload does not forgive what sources have used up: the same memory serves on, under the new rates. Only where its size
 * or the length of a source's prefix changes is there nothing to be kept.
 */
#pragma once

#include "base/attr.h"
#include "session/limits.h"

struct limiting {
	struct limits *limits; /* mapped shared: no fork copies it */
	struct limiter_shape shape;
	uint32_t users; /* generations */
	int fd;         /* of the memory: after an upgrade another program maps it */
};

/* The one of the generation before (or NULL), if it has that shape, else a new one. 0 or -errno. */
int limiting_take(const struct limiter_shape *shape, struct limiting *before, struct limiting **ret) must_check;

/* That of a program before: fd is its descriptor, which is taken; -1: a new one. 0 or -errno. */
int limiting_attach(const struct limiter_shape *shape, int fd, struct limiting **ret) must_check;

/* A generation is over; NULL is allowed. */
void limiting_drop(struct limiting *l);
