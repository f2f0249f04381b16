/* SPDX-License-Identifier: MIT */
/* Records: which one of shared memory belongs to which process. */
#include "generation/records.h"

#include <errno.h>

#include "base/clock.h"

#define WORD_BITS 64

static uint64_t bit_of(uint32_t record)
{
	return UINT64_C(1) << record % WORD_BITS;
}

void records_claim(struct records *r, uint32_t record)
{
	r->used[record / WORD_BITS] |= bit_of(record);
	if (record >= r->n)
		r->n = record + 1;
}

int records_take(struct records *r, struct shared *s, uint32_t *ret)
{
	for (uint32_t i = 0; i < SHARED_RECORDS_MAX; i++) {
		if (r->used[i / WORD_BITS] & bit_of(i))
			continue;
		records_claim(r, i);
		atomic_store(&s->records[i].sessions, 0);
		atomic_store(&s->records[i].served, 0);
		atomic_store(&s->records[i].busy_until_ns, 0);
		atomic_store(&s->records[i].beat_ns, clock_mono_ns());
		atomic_store(&s->records[i].state, RECORD_STARTING);
		*ret = i;
		return 0;
	}
	return -EAGAIN;
}

void records_free(struct records *r, struct shared *s, uint32_t record)
{
	if (record == SHARED_NOBODY)
		return;
	r->used[record / WORD_BITS] &= ~bit_of(record);
	atomic_store(&s->records[record].state, RECORD_FREE);
}
