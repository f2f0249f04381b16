/* SPDX-License-Identifier: MIT */
/* CRC-32C: the sums that RFC 3720 (appendix B.4) gives, and the usual check value. */

#include "test.h"

#include "base/crc32c.h"

static uint32_t sum_of(const uint8_t *from, size_t n)
{
	uint32_t crc = CRC32C_BEGIN;

	for (size_t i = 0; i < n; i++)
		crc = crc32c_add(crc, from[i]);
	return crc32c_end(crc);
}

TEST(the_sums_of_the_rfc_come_out)
{
	uint8_t zeros[32], ones[32], up[32], down[32];

	for (uint8_t i = 0; i < 32; i++) {
		zeros[i] = 0;
		ones[i] = 0xFF;
		up[i] = i;
		down[i] = (uint8_t)(31 - i);
	}
	assert_int_equal(sum_of(zeros, 32), 0x8A9136AA);
	assert_int_equal(sum_of(ones, 32), 0x62A8AB43);
	assert_int_equal(sum_of(up, 32), 0x46DD794E);
	assert_int_equal(sum_of(down, 32), 0x113FDB5C);
	assert_int_equal(sum_of((const uint8_t *)"123456789", 9), 0xE3069283);
	assert_int_equal(sum_of(zeros, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_sums_of_the_rfc_come_out) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
