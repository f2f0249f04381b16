/* SPDX-License-Identifier: MIT */
/* The memory in which rates are held, handed from generation to generation. */
#include "supervisor/limiting.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "shared/shared.h"

static bool same_shape(const struct rate_sketch_shape *a, const struct rate_sketch_shape *b)
{
	return a->bytes == b->bytes && a->source_bits_v4 == b->source_bits_v4 && a->source_bits_v6 == b->source_bits_v6;
}

int limiting_take(const struct rate_sketch_shape *shape, struct limiting *before, struct limiting **ret)
{
	struct limiting fresh = { .shape = *shape, .fd = -1 };

	if (before && same_shape(shape, &before->shape)) {
		before->users++;
		*ret = before;
		return 0;
	}
	if (shared_new_key(&fresh.key) < 0)
		return -EIO;
	return limiting_attach(&fresh, ret);
}

int limiting_attach(const struct limiting *like, struct limiting **ret)
{
	struct limiting *l = calloc(1, sizeof(*l));
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

void limiting_drop(struct limiting *l)
{
	if (!l || --l->users)
		return;
	shared_unmap_limits(&l->limits, &l->shape);
	fd_close(&l->fd);
	free(l);
}
