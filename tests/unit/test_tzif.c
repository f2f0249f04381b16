/* SPDX-License-Identifier: MIT */
/* Files of the tz database: read whole, or refused, whatever they hold. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/tzif.h"

struct image {
	uint8_t bytes[1024];
	size_t n;
};

static void add(struct image *i, const void *bytes, size_t n)
{
	memcpy(i->bytes + i->n, bytes, n);
	i->n += n;
}

static void add_be64(struct image *i, int64_t v)
{
	uint8_t wire[8];

	bytes_put_be64(wire, (uint64_t)v);
	add(i, wire, sizeof(wire));
}

static void add_header(struct image *i, char version, uint32_t leaps_n, uint32_t times_n)
{
	const uint32_t counts[] = { 0, 0, leaps_n, times_n, 1, 4 };
	uint8_t wire[4];

	add(i, "TZif", 4);
	add(i, &version, 1);
	add(i, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
	for (size_t k = 0; k < array_n(counts); k++) {
		bytes_put_be32(wire, counts[k]);
		add(i, wire, sizeof(wire));
	}
}

static void add_types(struct image *i)
{
	add(i, "\0\0\0\0\0\0CET", 10);
}

static struct image make(char version, uint32_t leaps_n, const char *footer)
{
	struct image i = { .n = 0 };

	add_header(&i, version, 0, 0);
	add_types(&i);
	add_header(&i, version, leaps_n, 3);
	add_be64(&i, -5);
	add_be64(&i, 7);
	add_be64(&i, INT64_C(5000000000));
	add(&i, "\0\0\0", 3);
	add_types(&i);
	for (uint32_t k = 0; k < leaps_n; k++)
		add(&i, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
	add(&i, footer, strlen(footer));
	return i;
}

static int read_image(const struct image *i, struct tzif *ret)
{
	int fd = memfd_create("tzif", MFD_CLOEXEC);

	assert_int_equal(write(fd, i->bytes, i->n), i->n);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	int r = tzif_read(fd, ret);
	close(fd);
	return r;
}

TEST(its_changes_and_whether_a_rule_follows)
{
	struct image with = make('2', 0, "\nCET-1CEST,M3.5.0,M10.5.0/3\n"), without = make('3', 0, "\nCET-1\n");
	struct tzif t;

	assert_int_equal(read_image(&with, &t), 0);
	assert_int_equal(t.changes_n, 3);
	assert_int_equal(t.changes[0], -5);
	assert_int_equal(t.changes[2], INT64_C(5000000000));
	assert_true(t.has_rule);
	free(t.changes);
	assert_int_equal(read_image(&without, &t), 0);
	assert_false(t.has_rule);
	free(t.changes);
}

TEST(what_does_not_say_it_all_is_told_from_what_is_no_zone)
{
	struct image old = make('\0', 0, "\n\n"), leaps = make('2', 2, "\n\n"), text = { "and so on, and so forth", 23 };
	struct tzif t;

	assert_int_equal(read_image(&old, &t), -ENOTSUP);
	assert_int_equal(read_image(&leaps, &t), -ENOTSUP);
	assert_int_equal(read_image(&text, &t), -ENOENT);
	text.n = 0;
	assert_int_equal(read_image(&text, &t), -ENOENT);
}

TEST(a_file_that_is_cut_or_lies_is_never_read_beyond_its_end)
{
	const struct image whole = make('2', 0, "\nCET-1\n");

	for (size_t n = 0; n <= whole.n; n++) {
		struct image cut = whole;
		struct tzif t = { 0 };

		cut.n = n;
		if (read_image(&cut, &t) == 0)
			free(t.changes);
	}
	for (size_t at = 0; at < whole.n; at++) {
		struct image lie = whole;
		struct tzif t = { 0 };

		lie.bytes[at] ^= 0xFF;
		if (read_image(&lie, &t) == 0)
			free(t.changes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_changes_and_whether_a_rule_follows),
		cmocka_unit_test(what_does_not_say_it_all_is_told_from_what_is_no_zone),
		cmocka_unit_test(a_file_that_is_cut_or_lies_is_never_read_beyond_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
