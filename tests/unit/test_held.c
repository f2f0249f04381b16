/* SPDX-License-Identifier: MIT */
/* held: a fixed piece of memory for answers of any length, in any order of leaving. */
#include "test.h"

#include <string.h>

#include "base/pages.h"
#include "datagram/held.h"

static struct held_answer *take(struct held_store *s, size_t n, uint8_t fill)
{
	struct held_answer *a = held_take(s, n);

	if (a)
		memset(a->content, fill, n);
	return a;
}

static void expect_filled(const struct held_answer *a, uint8_t fill)
{
	for (uint32_t i = 0; i < a->bytes; i++)
		assert_int_equal(a->content[i], fill);
}

TEST(memory_is_bounded_and_all_of_it_can_be_used_again)
{
	struct held_store s;
	struct held_line l = { 0 };

	assert_int_equal(held_new(&s), 0);
	for (int round = 0; round < 3; round++) {
		struct held_answer *a;
		size_t bytes = 0;

		while ((a = take(&s, 65507, 1))) {
			held_append(&l, a);
			bytes += a->bytes;
		}
		assert_in_range(bytes, HELD_BYTES - 2 * 65536, HELD_BYTES);
		while ((a = held_shift(&l)))
			held_give(&s, a);
		assert_int_equal(l.n, 0);
	}
	pages_give(s.memory, HELD_BYTES);
}

/* Lengths that never fit the end of the memory evenly, given back out of order: nothing is overwritten. */
TEST(what_is_held_stays_as_it_is_wherever_it_lies)
{
	static struct held_answer *held[64];
	struct held_store s;
	uint32_t random = 1;
	unsigned taken = 0;

	assert_int_equal(held_new(&s), 0);
	for (unsigned i = 0; i < 20000; i++) {
		random = random * 1103515245 + 12345;
		struct held_answer **place = &held[random >> 16 & 63];
		if (*place) {
			expect_filled(*place, (*place)->name_bytes & 0xFF);
			held_give(&s, *place);
		}
		*place = take(&s, (random >> 8) % 30000, (uint8_t)i);
		if (*place)
			(*place)->name_bytes = (socklen_t)i;
		taken += *place != NULL;
	}
	assert_in_range(taken, 10000, 20000);
	pages_give(s.memory, HELD_BYTES);
}

TEST(the_first_to_a_client_is_taken_from_anywhere_in_a_line)
{
	static const char names[] = "abcab";
	struct held_store s;
	struct held_line l = { 0 };
	struct held_answer *a[5];

	assert_int_equal(held_new(&s), 0);
	for (unsigned i = 0; i < 5; i++) {
		a[i] = take(&s, i, 0);
		assert_non_null(a[i]);
		if (!a[i])
			return; /* for the compiler, which does not know that the line before ends the test */
		memcpy(&a[i]->name, &names[i], 1);
		a[i]->name_bytes = 1;
		held_append(&l, a[i]);
	}
	assert_null(held_shift_to(&l, "d", 1));
	assert_ptr_equal(held_shift_to(&l, "b", 1), a[1]);
	assert_ptr_equal(held_shift_to(&l, "b", 1), a[4]);
	assert_null(held_shift_to(&l, "b", 1));
	assert_ptr_equal(held_shift(&l), a[0]);
	held_append(&l, a[4]);
	assert_int_equal(l.n, 3);
	assert_ptr_equal(held_shift(&l), a[2]);
	assert_ptr_equal(held_shift(&l), a[3]);
	assert_ptr_equal(held_shift(&l), a[4]);
	assert_null(held_shift(&l));
	pages_give(s.memory, HELD_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_bounded_and_all_of_it_can_be_used_again),
		cmocka_unit_test(what_is_held_stays_as_it_is_wherever_it_lies),
		cmocka_unit_test(the_first_to_a_client_is_taken_from_anywhere_in_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
