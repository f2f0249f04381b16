/* SPDX-License-Identifier: MIT */
/* SipHash-2-4 against its authors' vectors (key 00 … 0f, input 00, 01, 02, …). */

#include "test.h"

#include "base/siphash.h"

static const struct siphash_key key = { { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) } };

static uint64_t hash_of_first(size_t n)
{
	uint8_t input[64];

	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)i;
	return siphash(&key, input, n);
}

TEST(the_authors_vectors_are_met)
{
	assert_true(hash_of_first(0) == UINT64_C(0x726fdb47dd0e0e31));
	assert_true(hash_of_first(1) == UINT64_C(0x74f839c593dc67fd));
	assert_true(hash_of_first(7) == UINT64_C(0xab0200f58b01d137));
	assert_true(hash_of_first(8) == UINT64_C(0x93f5f5799a932462));
	assert_true(hash_of_first(15) == UINT64_C(0xa129ca6149be45e5));
	assert_true(hash_of_first(63) == UINT64_C(0x958a324ceb064572));
}

TEST(another_key_gives_another_hash)
{
	const struct siphash_key other = { { key.word[0], key.word[1] + 1 } };

	assert_true(siphash(&other, "x", 1) != siphash(&key, "x", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_authors_vectors_are_met),
		cmocka_unit_test(another_key_gives_another_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
