/* SPDX-License-Identifier: MIT */
/* What all processes share, laid out in one mapping. */
#include "worker/shared.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

static void *map_shared(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

int shared_map(struct shared **ret)
{
	uint64_t secret = 0;
	struct shared *s = map_shared(sizeof(*s));
	void *table = map_shared(table_bytes(TABLE_SLOTS_MAX));
	void *counters = map_shared(sizeof(struct counters[SHARED_RECORDS_MAX][TABLE_ROWS_MAX]));

	if (!s || !table || !counters)
		return -ENOMEM;
	if (getrandom(&secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		return -EIO;
	s->table = table_init(table, TABLE_SLOTS_MAX, secret);
	s->counters = counters;
	*ret = s;
	return 0;
}

int shared_protect(const struct shared *s)
{
	const struct {
		const void *at;
		size_t bytes;
	} parts[] = {
		{ s->table, table_bytes(TABLE_SLOTS_MAX) },
		{ s->counters, sizeof(struct counters[SHARED_RECORDS_MAX][TABLE_ROWS_MAX]) },
		{ s, sizeof(*s) },
	};

	for (size_t i = 0; i < array_n(parts); i++)
		if (mprotect((void *)(uintptr_t)parts[i].at, parts[i].bytes, PROT_READ) < 0)
			return -errno;
	return 0;
}

int shared_map_limits(const struct limiter_shape *shape, struct limits **ret)
{
	struct siphash_key key;
	void *memory = map_shared(shape->bytes);

	if (!memory)
		return -ENOMEM;
	if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key)) {
		munmap(memory, shape->bytes);
		return -EIO;
	}
	*ret = limits_init(memory, shape, &key);
	return 0;
}

void shared_unmap_limits(struct limits *l, const struct limiter_shape *shape)
{
	munmap(l, shape->bytes);
}

/* bits 0-1 state, 2 failed, 3 insert, 4 delete, 8-63 the error in µs */
void shared_set_clock(struct shared *s, const struct clock_status *status)
{
	uint64_t word = (uint64_t)status->state | (uint64_t)status->failed << 2 | (uint64_t)status->leap_insert << 3 |
			(uint64_t)status->leap_delete << 4 | (uint64_t)status->max_error_us << 8;

	atomic_store_explicit(&s->clock, word, memory_order_relaxed);
}

struct clock_status shared_clock(const struct shared *s)
{
	uint64_t word = atomic_load_explicit(&s->clock, memory_order_relaxed);

	return (struct clock_status){
		.state = (enum clock_state)(word & 3),
		.failed = word >> 2 & 1,
		.leap_insert = word >> 3 & 1,
		.leap_delete = word >> 4 & 1,
		.max_error_us = (int64_t)(word >> 8),
	};
}

void shared_sum_row(const struct shared *s, uint32_t row, struct counters *ret)
{
	memset(ret, 0, sizeof(*ret));
	/* Records are given out from below, so the first that was never used ends the search. */
	for (size_t i = 0; i < SHARED_RECORDS_MAX; i++) {
		if (atomic_load_explicit(&s->records[i].pid, memory_order_relaxed) == 0)
			break;
		counters_sum(ret, &s->counters[i][row]);
	}
}

uint32_t shared_release_owner(struct shared *s, uint32_t pid)
{
	uint32_t end = table_scan_end(s->table);

	for (uint32_t i = 0; i < end; i++) {
		struct table_slot *slot = table_slot_at(s->table, i);

		if (atomic_load_explicit(&slot->owner, memory_order_relaxed) != pid)
			continue;
		atomic_fetch_sub_explicit(&s->buffer_bytes, atomic_exchange(&slot->owed_bytes, 0), memory_order_relaxed);
		/* In any block: they are only ever added up. */
		counters_add(&s->counters[0][slot->row].sessions_ended, 1);
	}
	return table_release_owner(s->table, pid);
}
