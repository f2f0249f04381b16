/* SPDX-License-Identifier: MIT */
/* Shares: seats that each source has no more of than it may, whoever asks for them, and whatever is in their words. */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admission/shares.h"

#define SEATS 34

static const struct siphash_key key = { { 1, 2 } };
static const struct shares_time soon = { .now_ns = 1000, .until_ns = 2000 };

static void make(struct shares *s)
{
	void *memory = mmap(NULL, shares_bytes(SEATS), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(memory != MAP_FAILED);
	shares_init(s, memory, SEATS, &key);
	assert_int_equal(shares_size(s), shares_bytes(SEATS));
}

static void end(const struct shares *s)
{
	munmap(s->seats, shares_size(s));
}

TEST(a_source_has_its_share_and_another_its_own)
{
	struct shares s;
	uint32_t a, b, c;

	make(&s);
	assert_true(shares_take(&s, 7, 2, soon, &a));
	assert_true(shares_take(&s, 7, 2, soon, &b));
	assert_false(shares_take(&s, 7, 2, soon, &c));
	assert_true(shares_take(&s, 8, 2, soon, &c));
	shares_give(&s, a, soon.until_ns);
	assert_true(shares_take(&s, 7, 2, soon, &a));
	assert_false(shares_take(&s, 7, 2, soon, &b));
	end(&s);
}

TEST(what_nobody_gives_back_is_free_when_its_time_is_over)
{
	struct shares s;
	uint32_t a, b;

	make(&s);
	assert_true(shares_take(&s, 7, 1, soon, &a));
	assert_false(shares_take(&s, 7, 1, (struct shares_time){ 1999, 3000 }, &b));
	assert_true(shares_take(&s, 7, 1, (struct shares_time){ 2000, 3000 }, &b));
	assert_int_equal(b, a);
	shares_give(&s, a, soon.until_ns); /* it is another's by now */
	assert_false(shares_take(&s, 7, 1, (struct shares_time){ 2001, 3000 }, &b));
	shares_give(&s, UINT32_MAX, 3000); /* there is none */
	end(&s);
}

TEST(sources_have_names_of_their_own)
{
	struct addr one = { .family = AF_INET, .bytes = { 192, 0, 2, 1 } }, other = one;
	struct shares s;

	make(&s);
	assert_true(shares_name(&s, &one) == shares_name(&s, &other));
	other.bytes[3] = 2;
	assert_true(shares_name(&s, &one) != shares_name(&s, &other));
	end(&s);
}

/* Processes that take and give as fast as they can; a word of the mapping counts those that have a seat. */
#define PROCESSES 4
#define TURNS 20000

static void take_turns(const struct shares *s, _Atomic uint32_t *have, uint32_t most)
{
	uint32_t seat;

	for (int i = 0; i < TURNS; i++) {
		if (!shares_take(s, 7, most, soon, &seat))
			continue;
		if (atomic_fetch_add(have, 1) >= most)
			_exit(1);
		atomic_fetch_sub(have, 1);
		shares_give(s, seat, soon.until_ns);
	}
	_exit(0);
}

TEST(processes_never_have_more_together_than_a_share)
{
	struct shares s;
	_Atomic uint32_t *have = mmap(NULL, sizeof(*have), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	assert_true(have != MAP_FAILED);
	make(&s);
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0)
			take_turns(&s, have, 2);
	for (int i = 0; i < PROCESSES; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	end(&s);
	munmap((void *)(uintptr_t)have, sizeof(*have));
}

TEST(wrong_words_lead_nowhere)
{
	struct shares s;
	uint32_t seat;

	make(&s);
	srand(1);
	for (int i = 0; i < 20000; i++) {
		uint32_t at = (uint32_t)rand() % (uint32_t)(shares_size(&s) / sizeof(uint64_t));
		((uint64_t *)(void *)s.seats)[at] = (uint64_t)rand() << (rand() % 33);
		if (shares_take(&s, (uint64_t)rand(), 1 + (uint32_t)rand() % SHARES_MOST, soon, &seat))
			assert_true(seat < shares_size(&s) / sizeof(struct shares_seat));
		shares_give(&s, (uint32_t)rand(), (uint64_t)rand());
	}
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_has_its_share_and_another_its_own),
		cmocka_unit_test(what_nobody_gives_back_is_free_when_its_time_is_over),
		cmocka_unit_test(sources_have_names_of_their_own),
		cmocka_unit_test(processes_never_have_more_together_than_a_share),
		cmocka_unit_test(wrong_words_lead_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
