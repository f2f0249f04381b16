/* SPDX-License-Identifier: MIT */
/* The memory that all processes share, laid out in one mapping. */
#include "shared/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/siphash.h"

/* Bumped when what a word means changes while all sizes stay. */
#ifndef LAYOUT_VERSION /* tests build another one */
#define LAYOUT_VERSION 2
#endif

#define PAGES_OF(bytes) (((bytes) + 65535) & ~(size_t)65535)
#define TABLE_AT PAGES_OF(sizeof(struct shared))
#define COUNTERS_AT (TABLE_AT + PAGES_OF(table_bytes(TABLE_SLOTS_MAX)))
#define ALL_BYTES (COUNTERS_AT + sizeof(struct counters[SHARED_RECORDS_MAX][TABLE_ROWS_MAX]))

/* A descriptor that outlives an exec, where one is wanted. Memory behind a file's end kills who reads it, so the end is
 * sealed. */
static int make(size_t bytes, int *fd)
{
	cleanup_fd int made = memfd_create("echotimed", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (made < 0 || ftruncate(made, (off_t)bytes) < 0 ||
	    fcntl(made, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
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
	void *at = NULL;
	int r = map(ALL_BYTES, fd, &at);

	if (r == 0)
		*ret = at;
	return r;
}

int shared_new_secret(uint64_t *ret)
{
	return getrandom(ret, sizeof(*ret), 0) == (ssize_t)sizeof(*ret) ? 0 : -EIO;
}

int shared_new_key(struct siphash_key *ret)
{
	return getrandom(ret, sizeof(*ret), 0) == (ssize_t)sizeof(*ret) ? 0 : -EIO;
}

void shared_table(const struct shared *s, uint64_t secret, struct table *ret)
{
	table_init(ret, (char *)(uintptr_t)s + TABLE_AT, TABLE_SLOTS_MAX, secret);
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
		RATE_LIMITS_VERSION,
		sizeof(struct shared),
		offsetof(struct shared, records),
		offsetof(struct shared, gauges),
		offsetof(struct shared, deaths),
		offsetof(struct shared, impairs),
		sizeof(struct impairs),
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
	all[array_n(parts) + 1] = rate_limits_head_bytes();
	return siphash(&fixed, all, sizeof(all));
}

int shared_protect(const struct shared *s)
{
	return mprotect((void *)(uintptr_t)s, ALL_BYTES, PROT_READ) < 0 ? -errno : 0;
}

int shared_map_limits(const struct rate_sketch_shape *shape, const struct siphash_key *key, int *fd, struct rate_limits *ret)
{
	void *memory = NULL;
	int r = map((size_t)shape->bytes, fd, &memory);

	if (r == 0)
		rate_limits_init(ret, memory, shape, key);
	return r;
}

void shared_unmap_limits(const struct rate_limits *l, const struct rate_sketch_shape *shape)
{
	munmap(l->words, (size_t)shape->bytes);
}

/* bits 0-1 state, 2 failed, 3 insert, 4 delete, 8-63 the error in µs */
void shared_set_clock(struct shared *s, const struct clock_status *status)
{
	uint64_t word = (uint64_t)status->state | (uint64_t)status->failed << 2 | (uint64_t)status->leap_insert << 3 |
			(uint64_t)status->leap_delete << 4 | (uint64_t)status->max_error_us << 8;

	atomic_store_explicit(&s->clock, word, memory_order_relaxed);
	atomic_store_explicit(&s->tai_offset_s, (uint32_t)status->tai_offset_s, memory_order_relaxed);
}

struct clock_status shared_clock(const struct shared *s)
{
	uint64_t word = atomic_load_explicit(&s->clock, memory_order_relaxed);
	enum clock_state state = (enum clock_state)(word & 3);

	return (struct clock_status){
		.state = state <= CLOCK_SYNCHRONISED ? state : CLOCK_UNKNOWN,
		.failed = word >> 2 & 1,
		.leap_insert = word >> 3 & 1,
		.leap_delete = word >> 4 & 1,
		.max_error_us = (int64_t)(word >> 8),
		.tai_offset_s = (int16_t)atomic_load_explicit(&s->tai_offset_s, memory_order_relaxed),
	};
}

void shared_sum_row(const struct shared *s, uint32_t records_n, uint32_t row, struct counters *ret)
{
	memset(ret, 0, sizeof(*ret));
	/* Records are given out from below, so the first that was never used ends the search. */
	for (uint32_t i = 0; i < records_n; i++) {
		if (atomic_load_explicit(&s->records[i].pid, memory_order_relaxed) == 0)
			break;
		counters_sum(ret, &shared_counters(s, i)[row]);
	}
}

void shared_forget_row(struct shared *s, uint32_t records_n, uint32_t row)
{
	for (uint32_t i = 0; i < records_n; i++) {
		memset(&shared_counters(s, i)[row], 0, sizeof(struct counters));
		offenders_forget(&s->offenders[i], row);
	}
	atomic_store(&s->backlog[row], 0);
	atomic_store(&s->lost[row], 0);
	atomic_store(&s->drained[row], 0);
	impairs_say(&s->impairs[row], NULL);
}

uint32_t shared_release_owner(struct shared *s, const struct table *t, uint32_t pid)
{
	uint32_t end = table_scan_end(t), n = 0;

	for (uint32_t i = 0; i < end; i++) {
		struct table_slot *slot = table_slot_at(t, i);
		uint32_t row = table_row_of(slot);

		if (atomic_load_explicit(&slot->owner, memory_order_relaxed) != pid)
			continue;
		n++;
		atomic_fetch_sub_explicit(&s->buffer_bytes, atomic_exchange(&slot->owed_bytes, 0), memory_order_relaxed);
		/* In any block: they are only ever added up. */
		if (row < TABLE_ROWS_MAX)
			counters_add(&shared_counters(s, 0)[row].sessions_ended, 1);
	}
	return n ? table_release_owner(t, pid) : 0;
}
