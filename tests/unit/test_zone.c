/* SPDX-License-Identifier: MIT */
/*
 * Time zones as tables. The test writes its own small tz database, so that it needs none and no update of one breaks it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/zone.h"

static char folder[] = "/tmp/test_zone.XXXXXX";

/* One file of the database: standard time from 1901 on by a first transition, then a POSIX rule (RFC 9636). */
struct zone_file {
	const char *name;
	int32_t offset_s;
	const char *abbreviation;
	const char *rule;
};

static const struct zone_file files[] = {
	{ "Europe/Rome", 3600, "CET", "CET-1CEST,M3.5.0,M10.5.0/3" },
	{ "Asia/Kolkata", 19800, "IST", "IST-5:30" },
	{ "Australia/Lord_Howe", 37800, "+1030", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0" }, /* DST of half an hour */
	{ "Etc/Odd", -3599, "ODD", "ODD0:59:59" },
};

static void add_header(FILE *f, uint32_t times_n, uint32_t abbreviation_n)
{
	const uint32_t counts[6] = { 0, 0, 0, times_n, 1, abbreviation_n };
	uint8_t number[4];

	fwrite("TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 1, 20, f);
	for (size_t i = 0; i < array_n(counts); i++) {
		bytes_put_be32(number, counts[i]);
		fwrite(number, 1, sizeof(number), f);
	}
}

/* The one local time type (offset, no DST, abbreviation at 0) and its abbreviation. */
static void add_type(FILE *f, const struct zone_file *z)
{
	uint8_t type[6] = { 0 };

	bytes_put_be32(type, (uint32_t)z->offset_s);
	fwrite(type, 1, sizeof(type), f);
	fwrite(z->abbreviation, 1, strlen(z->abbreviation) + 1, f);
}

static void write_zone(const struct zone_file *z)
{
	char path[256];
	uint8_t since[8];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, z->name);
	f = fopen(path, "we");
	assert_non_null(f);
	add_header(f, 0, (uint32_t)strlen(z->abbreviation) + 1); /* version 1's part: nobody reads it */
	add_type(f, z);
	add_header(f, 1, (uint32_t)strlen(z->abbreviation) + 1);
	bytes_put_be64(since, (uint64_t)INT64_C(-2147483648));
	fwrite(since, 1, sizeof(since), f);
	fputc(0, f); /* that transition is to type 0 */
	add_type(f, z);
	fprintf(f, "\n%s\n", z->rule);
	assert_int_equal(fclose(f), 0);
}

static const char *const folders[] = { "Europe", "Asia", "Australia", "Etc" };

static int make_database(void **state)
{
	char path[256];

	(void)state;
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < array_n(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, folders[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	for (size_t i = 0; i < array_n(files); i++)
		write_zone(&files[i]);
	snprintf(path, sizeof(path), "%s/Etc/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/Etc/text", folder);
	fclose(fopen(path, "we"));
	return setenv("TZDIR", folder, 1);
}

static int remove_database(void **state)
{
	char path[256];

	(void)state;
	for (size_t i = 0; i < array_n(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/Etc/fifo", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/Etc/text", folder);
	unlink(path);
	for (size_t i = 0; i < array_n(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, folders[i]);
		rmdir(path);
	}
	return rmdir(folder);
}

static void assert_span(const struct zone *z, int64_t unix_s, int offset_s, const char *abbreviation)
{
	const struct zone_span *span = zone_at(z, unix_s);

	assert_int_equal(span->offset_s, offset_s);
	assert_string_equal(span->abbreviation, abbreviation);
}

static void summer_time_begins_and_ends_on_its_second(void **state)
{
	struct zone rome;

	(void)state;
	assert_int_equal(zone_build("Europe/Rome", &rome), 0);
	assert_string_equal(rome.name, "Europe/Rome");
	assert_span(&rome, 1774745999, 3600, "CET"); /* 2026-03-29 00:59:59 UTC */
	assert_span(&rome, 1774746000, 7200, "CEST");
	assert_true(zone_at(&rome, 1774746000)->dst);
	assert_span(&rome, 1792889999, 7200, "CEST"); /* 2026-10-25 00:59:59 UTC */
	assert_span(&rome, 1792890000, 3600, "CET");
	assert_false(zone_at(&rome, 1792890000)->dst);
	free(rome.spans);
}

static void the_table_reaches_from_1970_to_the_end_of_2106(void **state)
{
	struct zone rome;

	(void)state;
	assert_int_equal(zone_build("Europe/Rome", &rome), 0);
	assert_int_equal(rome.spans_n, 1 + 2 * (2107 - 1970));
	assert_true(rome.spans[0].from_unix_s == INT64_MIN);
	assert_span(&rome, INT64_MIN, 3600, "CET");
	assert_span(&rome, 4317929999, 7200, "CEST"); /* 2106-10-31 00:59:59 UTC */
	assert_span(&rome, 4317930000, 3600, "CET");
	assert_span(&rome, INT64_MAX, 3600, "CET");
	free(rome.spans);
}

static void every_span_differs_from_the_one_before(void **state)
{
	struct zone howe;

	(void)state;
	assert_int_equal(zone_build("Australia/Lord_Howe", &howe), 0);
	for (uint32_t i = 1; i < howe.spans_n; i++) {
		assert_true(howe.spans[i].from_unix_s > howe.spans[i - 1].from_unix_s);
		assert_int_equal(howe.spans[i].offset_s + howe.spans[i - 1].offset_s, 37800 + 39600);
	}
	free(howe.spans);
}

static void zones_of_half_hours_and_odd_seconds_keep_them(void **state)
{
	struct zone z;

	(void)state;
	assert_int_equal(zone_build("Australia/Lord_Howe", &z), 0);
	assert_span(&z, 1775314799, 39600, "+11"); /* 2026-04-04 14:59:59 UTC */
	assert_span(&z, 1775314800, 37800, "+1030");
	free(z.spans);
	assert_int_equal(zone_build("Asia/Kolkata", &z), 0);
	assert_int_equal(z.spans_n, 1);
	assert_span(&z, 0, 19800, "IST");
	free(z.spans);
	assert_int_equal(zone_build("Etc/Odd", &z), 0);
	assert_span(&z, 0, -3599, "ODD");
	free(z.spans);
}

static void a_zone_that_does_not_exist_is_not_utc(void **state)
{
	struct zone z = { .spans_n = 42 };

	(void)state;
	assert_int_equal(zone_build("Europe/Atlantis", &z), -ENOENT);
	assert_int_equal(zone_build("Europe", &z), -ENOENT);   /* a folder */
	assert_int_equal(zone_build("Etc/fifo", &z), -ENOENT); /* does not hang */
	assert_int_equal(zone_build("Etc/text", &z), -ENOENT); /* not a zone's file */
	assert_int_equal(zone_build("Etc/Odd/x", &z), -ENOENT);
	assert_int_equal(zone_build("EST5EDT", &z), -ENOENT); /* libc would take it for a rule */
	assert_int_equal(z.spans_n, 42);
}

static void a_name_cannot_leave_the_database(void **state)
{
	static const char *const names[] = {
		"",
		"/etc/localtime",
		"../etc/passwd",
		"Europe/../Europe/Rome",
		".",
		":Europe/Rome",
		"Europe/Rome ",
		"Europe\nRome",
		"A123456789012345678901234567890123456789012345678901234567890123",
	};
	struct zone z;

	(void)state;
	for (size_t i = 0; i < array_n(names); i++) {
		if (zone_build(names[i], &z) != -EINVAL)
			fail_msg("\"%s\" is not a name", names[i]);
	}
}

static void utc_needs_no_database(void **state)
{
	struct zone z;

	(void)state;
	assert_int_equal(zone_build("UTC", &z), 0);
	assert_int_equal(z.spans_n, 1);
	assert_span(&z, 1774746000, 0, "UTC");
	free(z.spans);
	assert_span(&zone_utc, INT64_MIN, 0, "UTC");
	assert_span(&zone_utc, INT64_MAX, 0, "UTC");
}

static void a_lookup_finds_the_span_at_each_edge(void **state)
{
	struct zone_span spans[4] = {
		{ .from_unix_s = INT64_MIN, .offset_s = 0 },
		{ .from_unix_s = -5, .offset_s = 1 },
		{ .from_unix_s = 0, .offset_s = 2 },
		{ .from_unix_s = 100, .offset_s = 3 },
	};

	(void)state;
	for (uint32_t n = 1; n <= array_n(spans); n++) {
		struct zone z = { .spans_n = n, .spans = spans };

		for (uint32_t i = 1; i < n; i++) {
			assert_int_equal(zone_at(&z, spans[i].from_unix_s)->offset_s, i);
			assert_int_equal(zone_at(&z, spans[i].from_unix_s - 1)->offset_s, i - 1);
		}
		assert_int_equal(zone_at(&z, INT64_MAX)->offset_s, n - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(summer_time_begins_and_ends_on_its_second),
		cmocka_unit_test(the_table_reaches_from_1970_to_the_end_of_2106),
		cmocka_unit_test(every_span_differs_from_the_one_before),
		cmocka_unit_test(zones_of_half_hours_and_odd_seconds_keep_them),
		cmocka_unit_test(a_zone_that_does_not_exist_is_not_utc),
		cmocka_unit_test(a_name_cannot_leave_the_database),
		cmocka_unit_test(utc_needs_no_database),
		cmocka_unit_test(a_lookup_finds_the_span_at_each_edge),
	};

	return cmocka_run_group_tests(tests, make_database, remove_database);
}
