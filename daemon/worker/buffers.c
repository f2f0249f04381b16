/* SPDX-License-Identifier: MIT */
/* The memory for what sessions are owed. */
#include "worker/buffers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define WARM 16 /* blocks that keep their pages when they are given back */

int buffers_init(struct buffers *b, uint32_t n, _Atomic uint64_t *used, uint64_t limit)
{
	*b = (struct buffers){ .n = n, .used = used, .limit = limit };
	b->blocks = mmap(NULL, (size_t)n * BUFFERS_BLOCK, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b->blocks == MAP_FAILED)
		return -ENOMEM;
	b->free = malloc(n * sizeof(*b->free));
	if (!b->free)
		return -ENOMEM;
	while (b->free_n < n) {
		b->free[b->free_n] = n - 1 - b->free_n;
		b->free_n++;
	}
	return 0;
}

uint8_t *buffers_take(struct buffers *b, _Atomic uint64_t *owner_bytes)
{
	if (!b->free_n)
		return NULL;
	if (atomic_fetch_add(b->used, BUFFERS_BLOCK) + BUFFERS_BLOCK > b->limit) {
		atomic_fetch_sub(b->used, BUFFERS_BLOCK);
		return NULL;
	}
	atomic_fetch_add(owner_bytes, BUFFERS_BLOCK);
	return b->blocks + (size_t)b->free[--b->free_n] * BUFFERS_BLOCK;
}

void buffers_give(struct buffers *b, uint8_t *block, _Atomic uint64_t *owner_bytes)
{
	size_t index = (size_t)(block - b->blocks) / BUFFERS_BLOCK;

	assert(index < b->n && b->free_n < b->n);
	atomic_fetch_sub(owner_bytes, BUFFERS_BLOCK);
	atomic_fetch_sub(b->used, BUFFERS_BLOCK);
	/* What a burst of slow readers took goes back to the system; a few blocks stay warm. */
	if (b->n - b->free_n > WARM)
		madvise(block, BUFFERS_BLOCK, MADV_DONTNEED);
	b->free[b->free_n++] = (uint32_t)index;
}
