/* SPDX-License-Identifier: MIT */
/*
 * What processes share, used by threads at once: `make check-tsan` runs this under ThreadSanitizer, which sees the memory of
 * one process only. Each thread is a process to the session table: a worker, or the supervisor that reads what they write.
 */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "admission/rate_limits.h"
#include "base/clock.h"
#include "shared/counters.h"
#include "shared/impairs.h"
#include "shared/offenders.h"
#include "shared_table.h"

#define WORKERS 4
#define TURNS 5000
#define SLOTS 64
#define ROWS 3
#define BURST 1000
#define NOW_NS (1000 * CLOCK_S_NS)

static struct {
	struct table *table;
	struct rate_limits limits;
	struct rate session_rate;
	struct counters counters;
	struct offenders offenders;
	struct impairs impairs;
	_Atomic uint64_t admitted, allowed; /* by the workers' own account */
	_Atomic bool over;
} all;

static const char *const sources[] = { "192.0.2.1", "192.0.2.2", "2001:db8::1" };

static struct table_request request(uint32_t owner, uint32_t turn)
{
	struct table_request r = request_of(owner, turn % ROWS, sources[turn / ROWS % array_n(sources)]);

	r.total = SLOTS;
	r.row_max = SLOTS / 2;
	r.per_source = SLOTS / 2;
	r.row_per_source = SLOTS / 4;
	return r;
}

static void count(uint32_t turn)
{
	const struct offence offence = { .row = turn % ROWS, .why = REFUSED_RATE, .source = request(1, turn).peer };

	counters_add(&all.counters.sessions, 1);
	histogram_add(&all.counters.session_time, turn * UINT64_C(1000));
	offenders_note(&all.offenders, &offence, 1, NOW_NS + turn);
}

static void ask_limits(uint32_t turn)
{
	struct rate_limits_request q = { .source = request(1, 0).peer, .n = 1, .now_ns = NOW_NS };

	if (rate_limits_session(&all.limits, &q, &all.session_rate) == REFUSED_NOT)
		atomic_fetch_add(&all.allowed, 1);
	rate_limits_note_limited(&all.limits, &q.source, NOW_NS + turn);
	(void)rate_limits_was_limited(&all.limits, &q.source, NOW_NS + turn);
}

/* A session that is admitted, moves to another row, gets bytes, and ends. */
static void serve(uint32_t owner, uint32_t turn)
{
	struct table_request r = request(owner, turn);
	struct table_slot *slot;

	if (table_admit(all.table, &r, &slot) != REFUSED_NOT)
		return;
	atomic_fetch_add(&all.admitted, 1);
	atomic_store_explicit(&slot->in_bytes, turn, memory_order_relaxed);
	r.row = (r.row + 1) % ROWS;
	(void)table_become(all.table, slot, &r);
	if (table_mark_of(slot) != 0)
		table_unmark(slot);
	table_release(all.table, slot, owner);
}

static void *work(void *owner)
{
	struct impair_rules rules;

	for (uint32_t turn = 0; turn < TURNS; turn++) {
		serve((uint32_t)(uintptr_t)owner, turn);
		count(turn);
		ask_limits(turn);
		(void)impairs_said(&all.impairs, &rules);
	}
	return NULL;
}

/* The supervisor: it lists, marks, repairs, adds up and says. */
static void *supervise(void *unused maybe_unused)
{
	const struct impair_rules rules = { .drawn = { .seed = 7 } };
	struct table_view view;
	struct offender offender;

	while (!atomic_load(&all.over)) {
		struct counters sum = { 0 };

		for (uint32_t i = 0; i < table_scan_end(all.table); i++)
			if (table_look(all.table, i, &view))
				table_mark(table_slot_at(all.table, i), view.generation, 1);
		(void)table_repair(all.table);
		counters_sum(&sum, &all.counters);
		for (uint32_t i = 0; i < OFFENDERS_N; i++)
			(void)offenders_read(&all.offenders, i, &offender);
		offenders_forget(&all.offenders, 0);
		impairs_say(&all.impairs, &rules);
	}
	return NULL;
}

static int begin(void **state maybe_unused)
{
	const struct rate_sketch_shape shape = { .bytes = 1 << 20, .source_bits_v4 = 32, .source_bits_v6 = 64 };
	const struct siphash_key key = { { 1, 2 } };
	void *memory = mmap(NULL, (size_t)shape.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -1;
	rate_limits_init(&all.limits, memory, &shape, &key);
	all.session_rate = (struct rate){ .amount = BURST, .period_ns = CLOCK_S_NS, .burst = BURST };
	rate_settle(&all.session_rate);
	all.table = make_table(SLOTS);
	return 0;
}

TEST(what_workers_count_at_once_is_neither_lost_nor_doubled)
{
	pthread_t workers[WORKERS], supervisor;

	assert_int_equal(pthread_create(&supervisor, NULL, supervise, NULL), 0);
	for (uintptr_t i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&workers[i], NULL, work, (void *)(i + 2)), 0);
	for (size_t i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_join(workers[i], NULL), 0);
	atomic_store(&all.over, true);
	assert_int_equal(pthread_join(supervisor, NULL), 0);

	assert_true(all.admitted > 0);
	assert_true(table_repair(all.table));
	assert_int_equal(table_count(all.table), 0);
	for (uint32_t row = 0; row < ROWS; row++)
		assert_int_equal(table_row_count(all.table, row), 0);
	assert_int_equal(all.counters.sessions, WORKERS * TURNS);
	assert_int_equal(all.allowed, BURST);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_workers_count_at_once_is_neither_lost_nor_doubled) };

	return cmocka_run_group_tests(tests, begin, NULL);
}
