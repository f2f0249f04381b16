/* SPDX-License-Identifier: MIT */
/* The memory in which rates are held, handed from generation to generation. */
#include "supervisor/limiting.h"

#include <errno.h>
#include <stdlib.h>

#include "worker/shared.h"

static bool same_shape(const struct limiter_shape *a, const struct limiter_shape *b)
{
	return a->bytes == b->bytes && a->source_bits_v4 == b->source_bits_v4 && a->source_bits_v6 == b->source_bits_v6;
}

int limiting_take(const struct limiter_shape *shape, struct limiting *before, struct limiting **ret)
{
	if (before && same_shape(shape, &before->shape)) {
		before->users++;
		*ret = before;
		return 0;
	}
	struct limiting *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	*l = (struct limiting){ .shape = *shape, .users = 1 };
	int r = shared_map_limits(shape, &l->limits);
	if (r < 0)
		free(l);
	else
		*ret = l;
	return r;
}

void limiting_drop(struct limiting *l)
{
	if (!l || --l->users)
		return;
	shared_unmap_limits(l->limits, &l->shape);
	free(l);
}
