/* SPDX-License-Identifier: MIT */
/* One value into the field of its row, with its origin noted and its faults reported. */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "settings/flat.h"
#include "settings/private.h"
#include "settings/rows.h"

/* Where a row's value goes. */
struct assign_place {
	void *object;           /* the structure of the row's scope */
	struct origin *origins; /* by row; NULL: not noted          */
	const char *path;       /* for messages                     */
	bool inherited;
};

/* 0; -EINVAL, with an issue in the report; -ENOMEM, with d->no_memory. */
int assign_value(struct draft *d, const struct row *row, const struct flat_item *item, const struct assign_place *p);

/* The defaults of one structure's rows. */
void assign_standard(struct draft *d, enum row_scope scope, void *object);

struct origin assign_origin(const struct flat_item *item);
