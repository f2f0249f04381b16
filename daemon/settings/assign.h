/* SPDX-License-Identifier: MIT */
/* One value into the field of its setting, with its origin noted and its faults reported. */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "settings/items.h"
#include "settings/draft.h"
#include "settings/schema.h"

/* The place that a setting's value goes to. */
struct assign_place {
	void *object;           /* the structure of the setting's scope */
	struct origin *origins; /* by setting; NULL: not noted          */
	const char *path;       /* for messages                     */
	bool inherited;
};

/* 0; -EINVAL, with an issue in the report; -ENOMEM, with d->no_memory. */
int assign_value(struct draft *d, const struct setting *setting, const struct item *item, const struct assign_place *p);

/* Gives all settings of one structure their defaults. */
void assign_standard(struct draft *d, enum scope scope, void *object);

struct origin assign_origin(const struct item *item);
