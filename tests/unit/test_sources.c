/* SPDX-License-Identifier: MIT */
/* Counts per source: exact where there is room, refused where there is not, and nothing is left behind. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "admission/sources.h"
#include "admission/atomic_count.h"

#define SESSIONS 4 /* one bucket of 32 words */
#define BUCKET 32

static struct sources sources, *s = &sources;

static int make(void **state maybe_unused)
{
	void *memory = aligned_alloc(64, (sources_bytes(SESSIONS) + 63) / 64 * 64);

	memset(memory, 0, sources_bytes(SESSIONS));
	sources_init(s, memory, SESSIONS, 1);
	return 0;
}

static int drop(void **state maybe_unused)
{
	free(s->words);
	return 0;
}

static uint64_t key_of(uint8_t last, uint32_t group)
{
	struct addr a = { .family = AF_INET, .bytes = { 192, 0, 2, last } };

	return sources_key(s, &a, group);
}

/* How many are counted of a source, in whatever words. */
static uint32_t count(uint64_t key)
{
	uint32_t n = 0;

	for (size_t i = 0; i < sources_bytes(SESSIONS) / sizeof(uint64_t); i++)
		if (atomic_count_name(s->words[i]) == (key >> 32 & ATOMIC_COUNT_NAME_MAX))
			n += atomic_count_of(s->words[i]);
	return n;
}

TEST(a_source_is_counted_up_to_its_cap)
{
	_Atomic uint32_t at = 0;
	uint64_t key = key_of(1, 0);

	for (uint32_t n = 0; n < 3; n++) {
		assert_true(sources_add(s, key, 3, &at));
		assert_false(sources_over(s, key, 3));
		assert_int_equal(count(key), n + 1);
	}
	assert_false(sources_add(s, key, 3, &at));
	atomic_count_down(sources_word(s, at));
	assert_true(sources_add(s, key, 3, &at));
	assert_true(sources_over(s, key, 2));
	assert_false(sources_over(s, key, 0));
}

TEST(groups_and_families_are_counted_apart)
{
	struct addr v6 = { .family = AF_INET6, .bytes = { 192, 0, 2, 1 } };
	_Atomic uint32_t at = 0;

	assert_true(sources_add(s, key_of(1, 0), 1, &at));
	assert_int_equal(count(key_of(1, 1)), 0);
	assert_int_equal(count(key_of(2, 0)), 0);
	assert_int_equal(count(sources_key(s, &v6, 0)), 0);
}

TEST(a_full_bucket_takes_those_it_knows_and_no_others)
{
	_Atomic uint32_t at[BUCKET + 1] = { 0 };

	for (uint8_t i = 0; i < BUCKET; i++)
		assert_true(sources_add(s, key_of(i, 0), 0, &at[i]));
	assert_false(sources_add(s, key_of(BUCKET, 0), 1, &at[BUCKET]));
	assert_false(sources_add(s, key_of(BUCKET, 0), 0, &at[BUCKET]));
	assert_true(sources_add(s, key_of(7, 0), 2, &at[BUCKET]));
	atomic_count_down(sources_word(s, at[BUCKET]));
	/* one goes, another finds its place */
	atomic_count_down(sources_word(s, at[9]));
	assert_true(sources_add(s, key_of(BUCKET, 0), 1, &at[9]));
	for (uint8_t i = 0; i < BUCKET; i++)
		atomic_count_down(sources_word(s, at[i]));
	for (uint8_t i = 0; i <= BUCKET; i++)
		assert_int_equal(count(key_of(i, 0)), 0);
}

/* Two processes that begin at once with different places: what the second look is for. */
TEST(a_source_that_is_counted_in_two_places_is_still_one)
{
	_Atomic uint32_t blocked = 0, one = 0, two = 0;
	uint64_t key = key_of(1, 0);

	assert_true(sources_add(s, key_of(2, 0), 0, &blocked)); /* the first place is taken, … */
	assert_true(sources_add(s, key, 0, &one));              /* … so this is the second */
	atomic_count_down(sources_word(s, blocked));
	atomic_store(sources_word(s, blocked),
		     atomic_count_next(0, atomic_count_name(*sources_word(s, one)), 1)); /* the other's */
	assert_int_equal(count(key), 2);
	assert_true(sources_over(s, key, 1));
	assert_false(sources_add(s, key, 2, &two));
	assert_true(sources_add(s, key, 3, &two));
	assert_int_equal(count(key), 3);
}

TEST(another_secret_puts_sources_elsewhere)
{
	uint64_t before = key_of(1, 0);

	sources_init(s, s->words, SESSIONS, 2);
	assert_true(key_of(1, 0) != before);
}

TEST(every_change_of_a_count_shows_in_its_version)
{
	_Atomic uint64_t word = 0;
	uint64_t seen = word;

	for (int i = 0; i < 5; i++) {
		assert_true(atomic_count_up(&word, 1));
		assert_true(word != seen);
		assert_false(atomic_count_up(&word, 1));
		atomic_count_down(&word);
		assert_int_equal(atomic_count_of(word), 0);
		assert_true(word != seen);
		seen = word;
	}
	word = atomic_count_next(UINT64_MAX, ATOMIC_COUNT_NAME_MAX,
				 ATOMIC_COUNT_MAX); /* the version wraps, and nothing else */
	assert_int_equal(atomic_count_name(word), ATOMIC_COUNT_NAME_MAX);
	assert_int_equal(atomic_count_of(word), ATOMIC_COUNT_MAX);
}

/* A session is counted in all and in its row: that shall cost a page of memory, not two. */
TEST(the_counts_of_a_source_are_beside_each_other)
{
	enum { MANY = 100000, BUCKETS_NEAR = 8 };
	void *memory = aligned_alloc(64, (sources_bytes(MANY) + 63) / 64 * 64);

	memset(memory, 0, sources_bytes(MANY));
	struct sources many, *large = &many;

	sources_init(large, memory, MANY, 1);
	for (uint8_t i = 0; i < 100; i++) {
		struct addr a = { .family = AF_INET, .bytes = { 192, 0, 2, i } };
		_Atomic uint32_t in_all = 0, in_row = 0;
		assert_true(sources_add(large, sources_key(large, &a, 0), 0, &in_all));
		assert_true(sources_add(large, sources_key(large, &a, 1 + i % 7u), 0, &in_row));
		assert_int_equal(in_all / (BUCKETS_NEAR * BUCKET), in_row / (BUCKETS_NEAR * BUCKET));
		assert_int_not_equal(in_all, in_row);
	}
	free(memory);
}

#define PREPARED(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(a_source_is_counted_up_to_its_cap),
		PREPARED(groups_and_families_are_counted_apart),
		PREPARED(a_full_bucket_takes_those_it_knows_and_no_others),
		PREPARED(the_counts_of_a_source_are_beside_each_other),
		PREPARED(a_source_that_is_counted_in_two_places_is_still_one),
		PREPARED(another_secret_puts_sources_elsewhere),
		PREPARED(every_change_of_a_count_shows_in_its_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
