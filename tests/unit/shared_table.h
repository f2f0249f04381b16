/* SPDX-License-Identifier: MIT */
/* For tests of the session table: one in shared memory, and requests to it. */
#pragma once

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "admission/table.h"

/* What a process has of a table, and the words that processes share. */
static inline struct table *make_table(uint32_t slots)
{
	struct table *t = calloc(1, sizeof(*t));
	void *memory = mmap(NULL, table_bytes(slots), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			    0);

	if (!t || memory == MAP_FAILED)
		abort();
	table_init(t, memory, slots, UINT64_C(0x0123456789ABCDEF));
	return t;
}

static inline void drop_table(struct table *t, uint32_t slots)
{
	munmap(t->words, table_bytes(slots));
	free(t);
}

/* A session of `owner` in a row, from an address, without caps. */
static inline struct table_request request_of(uint32_t owner, uint32_t row, const char *peer)
{
	struct table_request r = { .owner = owner, .row = row, .now_ns = 1, .source_bits_v4 = 32, .source_bits_v6 = 64 };

	if (strcmp(peer, "unix") == 0)
		r.peer.family = AF_UNIX;
	else if (addr_parse(peer, &r.peer) < 0)
		abort();
	return r;
}
