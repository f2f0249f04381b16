/* SPDX-License-Identifier: MIT */
/*
 * Records: which one of shared memory belongs to which process, as the supervisor knows. What a record says of itself any
 * worker can write.
 */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "shared/shared.h"

struct records {
	uint64_t used[SHARED_RECORDS_MAX / 64];
	uint32_t n; /* none from here on was ever given out */
};

/* Gives out the lowest that is free, made empty but for what was counted. 0, or -EAGAIN: all are in use. */
int records_take(struct records *r, struct shared *s, uint32_t *ret) must_check;

/* After an upgrade: this one is in use. */
void records_claim(struct records *r, uint32_t record);

/* SHARED_NOBODY is allowed. */
void records_free(struct records *r, struct shared *s, uint32_t record);
