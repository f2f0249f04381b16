/* SPDX-License-Identifier: MIT */
/* request: strict about what it takes, harmless whatever it is given. */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/request.h"

#define RANDOM_N 300000

static int parse(const char *line, struct request *r)
{
	char storage[256];
	struct text why = TEXT_OVER(storage);
	int result = request_parse(line, strlen(line), r, &why);

	assert_int_equal(result == 0, why.len == 0);
	return result;
}

TEST(a_request_is_a_line_of_words)
{
	struct request r;

	assert_int_equal(parse("status", &r), 0);
	assert_int_equal(r.words_n, 1);
	assert_string_equal(r.words[0], "status");
	assert_int_equal(parse("drain echo/tcp", &r), 0);
	assert_int_equal(r.words_n, 2);
	assert_string_equal(r.words[1], "echo/tcp");
	assert_int_equal(parse("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 {}", &r), 0);
	assert_int_equal(r.words_n, REQUEST_WORDS_MAX);
	assert_string_equal(r.words[15], "{}");
}

TEST(whatever_is_not_exactly_that_is_refused)
{
	static const char *const wrong[] = {
		"",          " ",   "status ",  " status",      "kill  1.1",
		"kill\t1.1", "a\r", "sta\x7fs", "sta\xc3\xa4s", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17",
	};
	struct request r;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (parse(wrong[i], &r) == 0 || r.words_n)
			fail_msg("taken: %s", wrong[i]);
}

TEST(a_nul_ends_no_request_and_hides_nothing)
{
	static const char line[] = "status\0kill";
	char storage[256];
	struct text why = TEXT_OVER(storage);
	struct request r;

	assert_int_not_equal(request_parse(line, sizeof(line) - 1, &r, &why), 0);
}

TEST(an_id_is_two_numbers_that_fit)
{
	static const char *const wrong[] = { "",     ".",    "1",    "1.",           "1.1.1",
					     "01.1", "-1.1", "+1.1", "1.4294967296", "99999999999999999999.1",
					     "1. 1", "a.b",  "1.0x", " 1.1" };
	uint32_t slot, generation;

	assert_int_equal(request_parse_id("17.3", &slot, &generation), 0);
	assert_int_equal(slot, 17);
	assert_int_equal(generation, 3);
	assert_int_equal(request_parse_id("0.4294967295", &slot, &generation), 0);
	assert_int_equal(generation, UINT32_MAX);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_not_equal(request_parse_id(wrong[i], &slot, &generation), 0);
}

/* Pieces of requests and random bytes, at the end of a page: reading a byte too many is the test's end. */
TEST(random_lines_are_taken_or_refused_without_a_byte_too_many)
{
	static const char *const pieces[] = { "status", "kill", " ", " ", " ", "1.2", "echo/tcp", "=", "\t", "{" };
	size_t page = (size_t)sysconf(_SC_PAGESIZE), taken = 0;
	char *at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned seed = 7;

	assert_ptr_not_equal(at, MAP_FAILED);
	assert_int_equal(mprotect(at + page, page, PROT_NONE), 0);
	for (int i = 0; i < RANDOM_N; i++) {
		char line[REQUEST_BYTES_MAX], storage[256];
		struct text why = TEXT_OVER(storage);
		struct request r;
		size_t n = 0, parts = (size_t)rand_r(&seed) % 12;

		while (parts--) {
			const char *piece = pieces[(size_t)rand_r(&seed) % (sizeof(pieces) / sizeof(pieces[0]))];
			size_t piece_n = rand_r(&seed) % 16 ? strlen(piece) : 0;

			memcpy(line + n, piece, piece_n);
			n += piece_n;
			if (!piece_n)
				line[n++] = (char)rand_r(&seed);
		}
		memcpy(at + page - n, line, n);
		taken += request_parse(at + page - n, n, &r, &why) == 0;
		assert_true(r.words_n <= REQUEST_WORDS_MAX);
		assert_false(why.cut);
	}
	assert_true(taken > 0);
	munmap(at, 2 * page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_a_line_of_words),
		cmocka_unit_test(whatever_is_not_exactly_that_is_refused),
		cmocka_unit_test(a_nul_ends_no_request_and_hides_nothing),
		cmocka_unit_test(an_id_is_two_numbers_that_fit),
		cmocka_unit_test(random_lines_are_taken_or_refused_without_a_byte_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
