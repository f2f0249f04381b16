/* SPDX-License-Identifier: MIT */
/*
 * The memory in which rates are held, handed from generation to generation.
 *
 * A reload does not forgive what sources have used up: the same memory serves on, under the new rates. Only where its size
 * or the length of a source's prefix changes is there nothing to be kept.
 */
#pragma once

#include "base/attr.h"
#include "admission/rate_limits.h"

struct limits_memory {
	struct rate_limits limits; /* its words are mapped shared: no fork copies them */
	struct rate_sketch_shape shape;
	struct siphash_key key;
	uint32_t users; /* generations */
	int fd;         /* of the memory: after an upgrade another program maps it */
};

/* The one of the generation before (or NULL), if it has that shape, else a new one. 0 or -errno. */
int limits_memory_take(const struct rate_sketch_shape *shape, struct limits_memory *before,
		       struct limits_memory **ret) must_check;

/* Takes over the memory of a program before, with its shape, its key, and its descriptor, which is taken. 0 or -errno. */
int limits_memory_attach(const struct limits_memory *like, struct limits_memory **ret) must_check;

/* A generation is over; NULL is allowed. */
void limits_memory_drop(struct limits_memory *l);
