/* SPDX-License-Identifier: MIT */
/* The memory in which rates are held, handed from generation to generation. */
#include "generation/limits_memory.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "shared/shared.h"

static bool same_shape(const struct rate_sketch_shape *a, const struct rate_sketch_shape *b)
{
	return a->bytes == b->bytes && a->source_bits_v4 == b->source_bits_v4 && a->source_bits_v6 == b->source_bits_v6;
}

int limits_memory_take(const struct rate_sketch_shape *shape, struct limits_memory *before, struct limits_memory **ret)
{
	struct limits_memory fresh = { .shape = *shape, .fd = -1 };

	if (before && same_shape(shape, &before->shape)) {
		before->users++;
		*ret = before;
		return 0;
	}
	if (shared_new_key(&fresh.key) < 0)
		return -EIO;
	return limits_memory_attach(&fresh, ret);
}

int limits_memory_attach(const struct limits_memory *like, struct limits_memory **ret)
{
	struct limits_memory *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	*l = *like;
	l->users = 1;
	int r = shared_map_limits(&l->shape, &l->key, &l->fd, &l->limits);
	if (r < 0) {
		fd_close(&l->fd);
		free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void limits_memory_drop(struct limits_memory *l)
{
	if (!l || --l->users)
		return;
	shared_unmap_limits(&l->limits, &l->shape);
	fd_close(&l->fd);
	free(l);
}
