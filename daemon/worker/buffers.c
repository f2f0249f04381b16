/* SPDX-License-Identifier: MIT */
/* The memory for what sessions are owed. */
#include "worker/buffers.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>

#include "base/pages.h"

#define WARM 16 /* blocks that keep their pages when they are given back */

size_t buffers_bytes(uint32_t n)
{
	uint64_t bytes = n * ((uint64_t)BUFFERS_BLOCK + sizeof(uint32_t));

	return bytes < SIZE_MAX ? (size_t)bytes : SIZE_MAX; /* which no machine has */
}

int buffers_init(struct buffers *b, uint32_t n, _Atomic uint64_t *used, uint64_t limit)
{
	*b = (struct buffers){ .n = n, .used = used, .limit = limit };
	b->blocks = pages_take(buffers_bytes(n));
	if (!b->blocks)
		return -ENOMEM;
	b->given_back = (uint32_t *)(void *)(b->blocks + (size_t)n * BUFFERS_BLOCK);
	return 0;
}

uint8_t *buffers_take(struct buffers *b, _Atomic uint64_t *owner_bytes)
{
	if (!b->given_back_n && b->ever_n == b->n)
		return NULL;
	if (atomic_fetch_add(b->used, BUFFERS_BLOCK) + BUFFERS_BLOCK > b->limit) {
		atomic_fetch_sub(b->used, BUFFERS_BLOCK);
		return NULL;
	}
	atomic_fetch_add(owner_bytes, BUFFERS_BLOCK);
	uint32_t index = b->given_back_n ? b->given_back[--b->given_back_n] : b->ever_n++;
	return b->blocks + (size_t)index * BUFFERS_BLOCK;
}

void buffers_give(struct buffers *b, uint8_t *block, _Atomic uint64_t *owner_bytes)
{
	size_t index = (size_t)(block - b->blocks) / BUFFERS_BLOCK;

	assert(index < b->ever_n && b->given_back_n < b->ever_n);
	atomic_fetch_sub(owner_bytes, BUFFERS_BLOCK);
	atomic_fetch_sub(b->used, BUFFERS_BLOCK);
	/* Memory that a burst of slow readers took goes back to the system; a few blocks stay warm. */
	if (b->ever_n - b->given_back_n > WARM)
		madvise(block, BUFFERS_BLOCK, MADV_DONTNEED);
	b->given_back[b->given_back_n++] = (uint32_t)index;
}
