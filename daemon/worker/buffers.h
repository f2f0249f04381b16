/* SPDX-License-Identifier: MIT */
/*
 * The memory for what sessions are owed: blocks of 64 KiB from a pool mapped at start, touched on demand, counted against
 * limits.buffers over all processes.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define BUFFERS_BLOCK 65536u

struct buffers {
	uint8_t *blocks;                  /* n, and behind them */
	uint32_t *given_back;             /* a stack of those that are free again */
	uint32_t n, ever_n, given_back_n; /* ever: taken for the first time */
	_Atomic uint64_t *used;           /* bytes in use over all processes: shared */
	uint64_t limit;                   /* bytes over all processes                */
};

/* n blocks, in buffers_bytes() at b->blocks. 0 or -ENOMEM. */
int buffers_init(struct buffers *b, uint32_t n, _Atomic uint64_t *used, uint64_t limit) must_check;
size_t buffers_bytes(uint32_t n);

/* Takes a block, its bytes counted in *owner_bytes too (which are taken back when the owner is reaped); NULL when the
 * limit is reached. */
uint8_t *buffers_take(struct buffers *b, _Atomic uint64_t *owner_bytes);
void buffers_give(struct buffers *b, uint8_t *block, _Atomic uint64_t *owner_bytes);
