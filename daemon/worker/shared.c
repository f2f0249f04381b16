/* SPDX-License-Identifier: MIT */
/* What all processes share, laid out in one mapping. */
#include "worker/shared.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fd.h"
#include "session/siphash.h"

/* Bumped when what a word means changes while all sizes stay. */
#ifndef LAYOUT_VERSION /* tests build another one */
#define LAYOUT_VERSION 1
#endif

#define PAGES_OF(bytes) (((bytes) + 65535) & ~(size_t)65535)
#define TABLE_AT PAGES_OF(sizeof(struct shared))
#define COUNTERS_AT (TABLE_AT + PAGES_OF(table_bytes(TABLE_SLOTS_MAX)))
#define ALL_BYTES (COUNTERS_AT + sizeof(struct counters[SHARED_RECORDS_MAX][TABLE_ROWS_MAX]))

/* A descriptor that outlives an exec, where one is wanted. */
static int make(size_t bytes, int *fd)
{
	cleanup_fd int made = memfd_create("echotimed", MFD_CLOEXEC);

	if (made < 0 || ftruncate(made, (off_t)bytes) < 0)
		return -errno;
	*fd = fd_take(&made);
	return 0;
}

static int map(size_t bytes, int *fd, void **ret)
{
	int r = fd && *fd < 0 ? make(bytes, fd) : 0;

	if (r < 0)
		return r;
	*ret = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | (fd ? 0 : MAP_ANONYMOUS),
		    fd ? *fd : -1, 0);
	return *ret == MAP_FAILED ? -errno : 0;
}

int shared_map(int *fd, struct shared **ret)
{
	bool is_new = !fd || *fd < 0;
	uint64_t secret = 0;
	void *at = NULL;
	int r = map(ALL_BYTES, fd, &at);

	if (r < 0)
		return r;
	*ret = at;
	if (!is_new)
		return 0;
	if (getrandom(&secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		return -EIO;
	(void)table_init((char *)at + TABLE_AT, TABLE_SLOTS_MAX, secret);
	return 0;
}

struct table *shared_table(const struct shared *s)
{
	return (struct table *)(void *)((char *)(uintptr_t)s + TABLE_AT);
}

struct counters *shared_counters(const struct shared *s, uint32_t record)
{
	return (struct counters *)(void *)((char *)(uintptr_t)s + COUNTERS_AT) + (size_t)record * TABLE_ROWS_MAX;
}

uint64_t shared_layout(void)
{
	static const size_t parts[] = {
		LAYOUT_VERSION,
		TABLE_VERSION,
		LIMITS_VERSION,
		sizeof(struct shared),
		offsetof(struct shared, records),
		offsetof(struct shared, gauges),
		offsetof(struct shared, census),
		sizeof(struct record),
		sizeof(struct table_slot),
		sizeof(struct counters),
		REFUSALS_N,
		TABLE_ROWS_MAX,
		TABLE_SLOTS_MAX,
		SHARED_RECORDS_MAX,
		SETTINGS_POOLS_MAX,
	};
	static const struct siphash_key fixed;
	size_t all[array_n(parts) + 2];

	memcpy(all, parts, sizeof(parts));
	all[array_n(parts)] = table_bytes(TABLE_SLOTS_MAX);
	all[array_n(parts) + 1] = limits_head_bytes();
	return siphash(&fixed, all, sizeof(all));
}

int shared_protect(const struct shared *s)
{
	return mprotect((void *)(uintptr_t)s, ALL_BYTES, PROT_READ) < 0 ? -errno : 0;
}

int shared_map_limits(const struct limiter_shape *shape, int *fd, struct limits **ret)
{
	bool is_new = !fd || *fd < 0;
	struct siphash_key key;
	void *memory = NULL;
	int r = map(shape->bytes, fd, &memory);

	if (r < 0)
		return r;
	*ret = memory;
	if (!is_new)
		return 0;
	if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key)) {
		munmap(memory, shape->bytes);
		if (fd)
			fd_close(fd);
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
		counters_sum(ret, &shared_counters(s, (uint32_t)i)[row]);
	}
}

uint32_t shared_release_owner(struct shared *s, uint32_t pid)
{
	struct table *table = shared_table(s);
	uint32_t end = table_scan_end(table);

	for (uint32_t i = 0; i < end; i++) {
		struct table_slot *slot = table_slot_at(table, i);

		if (atomic_load_explicit(&slot->owner, memory_order_relaxed) != pid)
			continue;
		atomic_fetch_sub_explicit(&s->buffer_bytes, atomic_exchange(&slot->owed_bytes, 0), memory_order_relaxed);
		/* In any block: they are only ever added up. */
		counters_add(&shared_counters(s, 0)[slot->row].sessions_ended, 1);
	}
	return table_release_owner(table, pid);
}
