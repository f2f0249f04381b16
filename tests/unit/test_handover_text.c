/* SPDX-License-Identifier: MIT */
/* The text that an upgrade hands over: what is written is read back, and nothing else is taken for it. */

#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "upgrade/handover_text.h"

struct thing {
	int fd, none;
	uint8_t small;
	uint16_t medium;
	uint32_t large;
	uint64_t largest;
	bool yes;
	char name[8];
	unsigned char bytes[4];
};

static const struct handover_text_field fields[] = {
	HANDOVER_TEXT_FIELD(thing, fd, FD),        HANDOVER_TEXT_FIELD(thing, none, FD),
	HANDOVER_TEXT_FIELD(thing, small, NUMBER), HANDOVER_TEXT_FIELD(thing, medium, NUMBER),
	HANDOVER_TEXT_FIELD(thing, large, NUMBER), HANDOVER_TEXT_FIELD(thing, largest, NUMBER),
	HANDOVER_TEXT_FIELD(thing, yes, NUMBER),   HANDOVER_TEXT_FIELD(thing, name, TEXT),
	HANDOVER_TEXT_FIELD(thing, bytes, BYTES),
};
#define FIELDS_N (sizeof(fields) / sizeof(fields[0]))

static const struct thing one = { 7, -1, 255, 65535, UINT32_MAX, UINT64_MAX, true, " a%\n\xff=", { 0, 1, 0xfe, 0xff } };

/* One line as text, in the heap. */
static char *written(void)
{
	char *text = NULL;
	size_t n = 0;
	struct handover_text_writer w = { .to = open_memstream(&text, &n) };

	handover_text_begin(&w);
	handover_text_write(&w, "thing", fields, FIELDS_N, &one);
	assert_int_equal(handover_text_end(&w), 0);
	assert_int_equal(fclose(w.to), 0);
	assert_int_equal(w.fds_n, 1);
	assert_int_equal(w.fds[0], 7);
	free(w.fds);
	return text;
}

TEST(what_is_written_is_read_back)
{
	char *text = written(), *rest = NULL;
	struct handover_text_reader r;
	struct thing other;
	unsigned version = 0;

	memset(&other, 0xa5, sizeof(other));
	assert_int_equal(handover_text_open(&r, text, &version), 0);
	assert_int_equal(version, HANDOVER_TEXT_VERSION);
	assert_string_equal(handover_text_next(&r, &rest), "thing");
	assert_int_equal(handover_text_read(rest, fields, FIELDS_N, &other), 0);
	assert_int_equal(other.fd, 7);
	assert_int_equal(other.none, -1);
	assert_int_equal(other.small, 255);
	assert_int_equal(other.medium, 65535);
	assert_int_equal(other.large, UINT32_MAX);
	assert_true(other.largest == UINT64_MAX);
	assert_true(other.yes);
	assert_string_equal(other.name, one.name);
	assert_memory_equal(other.bytes, one.bytes, sizeof(one.bytes));
	assert_null(handover_text_next(&r, &rest));
	free(text);
}

TEST(a_text_that_was_cut_anywhere_is_not_taken)
{
	char *whole = written();
	size_t n = strlen(whole);

	for (size_t i = 0; i < n; i++) {
		char *text = strndup(whole, i);
		struct handover_text_reader r;
		unsigned version;

		assert_int_equal(handover_text_open(&r, text, &version), -EINVAL);
		free(text);
	}
	free(whole);
}

TEST(another_version_is_told_from_garbage)
{
	char other[] = "echotimed-state 987\nend\n", garbage[] = "echotimed-state x\nend\n", nothing[] = "";
	struct handover_text_reader r;
	unsigned version = 0;

	assert_int_equal(handover_text_open(&r, other, &version), -EPROTO);
	assert_int_equal(version, 987);
	assert_int_equal(handover_text_open(&r, garbage, &version), -EINVAL);
	assert_int_equal(handover_text_open(&r, nothing, &version), -EINVAL);
}

TEST(no_value_is_taken_for_what_it_is_not)
{
	static const char *const lines[] = {
		"",
		"fd",
		"fd=",
		"fd=-2",
		"fd=x",
		"fd=2147483648",
		"fd=7 none=-1 small=256",
		"fd=7 none=-1 small=-1",
		"fd=7 none=-1 small= 1",
		"fd=7 none=-1 medium=1",
		"fd=7 none=-1 small=1 medium=1 large=1 largest=18446744073709551616",
		"fd=7 none=-1 small=1 medium=1 large=1 largest=1 yes=1 name=12345678 bytes=00000000",
		"fd=7 none=-1 small=1 medium=1 large=1 largest=1 yes=1 name=%0 bytes=00000000",
		"fd=7 none=-1 small=1 medium=1 large=1 largest=1 yes=1 name=%00 bytes=00000000",
		"fd=7 none=-1 small=1 medium=1 large=1 largest=1 yes=1 name=a bytes=000000",
		"fd=7 none=-1 small=1 medium=1 large=1 largest=1 yes=1 name=a bytes=0000000000",
		"fd=7 none=-1 small=1 medium=1 large=1 largest=1 yes=1 name=a bytes=0000000g",
		"fd=7 none=-1 small=1 medium=1 large=1 largest=1 yes=1 name=a bytes=00000000 more=1",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *line = strdup(lines[i]);
		struct thing to;

		assert_int_equal(handover_text_read(line, fields, FIELDS_N, &to), -EINVAL);
		free(line);
	}
}

/* Whatever single octet is changed: it is refused, or read without harm (valgrind and the sanitizers look on). */
TEST(no_changed_octet_does_harm)
{
	char *whole = written();
	size_t n = strlen(whole);

	for (size_t i = 0; i < n; i++)
		for (unsigned c = 1; c < 256; c += 7) {
			char *text = strdup(whole), *rest;
			struct handover_text_reader r;
			struct thing to;
			unsigned version;

			text[i] = (char)c;
			if (handover_text_open(&r, text, &version) == 0)
				while (handover_text_next(&r, &rest))
					(void)!handover_text_read(rest, fields, FIELDS_N, &to);
			free(text);
		}
	free(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(a_text_that_was_cut_anywhere_is_not_taken),
		cmocka_unit_test(another_version_is_told_from_garbage),
		cmocka_unit_test(no_value_is_taken_for_what_it_is_not),
		cmocka_unit_test(no_changed_octet_does_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
