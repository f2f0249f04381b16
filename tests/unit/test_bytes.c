/* SPDX-License-Identifier: MIT */
/* Numbers in network byte order. */

#include "test.h"

#include "base/bytes.h"

static const uint8_t wire[9] = { 0xEE, 0x81, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0xF8 };

TEST(numbers_are_written_most_significant_byte_first)
{
	uint8_t got[9] = { 0xEE };

	bytes_put_be64(got + 1, UINT64_C(0x81020304050607F8)); /* at an odd place on purpose */
	assert_memory_equal(got, wire, sizeof(wire));
	bytes_put_be32(got + 1, 0);
	bytes_put_be32(got + 1, 0x81020304);
	assert_memory_equal(got, wire, sizeof(wire));
	bytes_put_be16(got + 1, 0);
	bytes_put_be16(got + 1, 0x8102);
	assert_memory_equal(got, wire, sizeof(wire));
}

TEST(numbers_are_read_with_their_high_bit)
{
	assert_int_equal(bytes_get_be16(wire + 1), 0x8102);
	assert_true(bytes_get_be32(wire + 1) == 0x81020304);
	assert_true(bytes_get_be64(wire + 1) == UINT64_C(0x81020304050607F8));
	assert_int_equal(bytes_get_be16(wire + 7), 0x07F8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_written_most_significant_byte_first),
		cmocka_unit_test(numbers_are_read_with_their_high_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
