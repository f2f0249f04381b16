/* SPDX-License-Identifier: MIT */
/*
 * Time zones as tables. The test writes its own small tz database, so that it needs none and no update of one breaks it.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/zone.h"

static char folder[] = "/tmp/test_zone.XXXXXX";

/* One file of the database (RFC 9636): standard time since 1901, perhaps another offset under the same name for some
 * years, then a POSIX rule. */
struct zone_file {
	const char *name;
	int32_t offset_s;
	const char *abbreviation;
	const char *rule;
	int32_t other_offset_s;
	int64_t other_from_s, other_until_s;
};

static const struct zone_file files[] = {
	{ .name = "Europe/Rome", .offset_s = 3600, .abbreviation = "CET", .rule = "CET-1CEST,M3.5.0,M10.5.0/3" },
	{ .name = "Asia/Kolkata", .offset_s = 19800, .abbreviation = "IST", .rule = "IST-5:30" },
	{
		.name = "Asia/Pyongyang",
		.offset_s = 32400,
		.abbreviation = "KST",
		.rule = "KST-9",
		.other_offset_s = 30600,
		.other_from_s = 1439564400,
		.other_until_s = 1525446000,
	},
	{
		/* summer time of half an hour */
		.name = "Australia/Lord_Howe",
		.offset_s = 37800,
		.abbreviation = "+1030",
		.rule = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
	},
	{ .name = "Etc/Julian", .offset_s = 3600, .abbreviation = "JUL", .rule = "JUL-1JST,J60,J300/5" },
	{ .name = "Etc/Counted", .offset_s = -7200, .abbreviation = "CNT", .rule = "CNT2CDT,59/1,299" },
	{ .name = "Etc/Always", .offset_s = 3600, .abbreviation = "ALW", .rule = "ALW-1ALS,0/0,J365/25" },
	{
		.name = "Etc/Odd",
		.offset_s = -3599,
		.abbreviation = "ODD",
		.rule = "ODD0:59:59ODT0:01,M3.5.0/1:23:45,M10.5.0/7:31:08",
	},
};

static void put(FILE *f, uint64_t number, size_t bytes)
{
	uint8_t wire[8];

	bytes_put_be64(wire, number);
	fwrite(wire + 8 - bytes, 1, bytes, f);
}

static void put_header(FILE *f, uint32_t times_n, const char *abbreviation)
{
	fwrite("TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 1, 20, f);
	put(f, 0, 8); /* no indicators */
	put(f, 0, 4); /* no leap seconds */
	put(f, times_n, 4);
	put(f, 2, 4);
	put(f, strlen(abbreviation) + 1, 4);
}

/* Both local time types (offset, DST, place of the abbreviation) and the abbreviation. */
static void put_types(FILE *f, const struct zone_file *z)
{
	put(f, (uint32_t)z->offset_s, 4);
	put(f, 0, 2);
	put(f, (uint32_t)z->other_offset_s, 4);
	put(f, 0, 2);
	fwrite(z->abbreviation, 1, strlen(z->abbreviation) + 1, f);
}

static void write_zone(const struct zone_file *z)
{
	const int64_t times[] = { INT32_MIN, z->other_from_s, z->other_until_s };
	uint32_t times_n = z->other_from_s != 0 ? 3 : 1;
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, z->name);
	f = fopen(path, "we");
	assert_non_null(f);
	put_header(f, 0, z->abbreviation); /* version 1's part: nobody reads it */
	put_types(f, z);
	put_header(f, times_n, z->abbreviation);
	for (uint32_t i = 0; i < times_n; i++)
		put(f, (uint64_t)times[i], 8);
	for (uint32_t i = 0; i < times_n; i++)
		put(f, i % 2, 1); /* the type from then on */
	put_types(f, z);
	fprintf(f, "\n%s\n", z->rule);
	assert_int_equal(fclose(f), 0);
}

static const char *const folders[] = { "Europe", "Asia", "Australia", "Etc" };

static int make_database(void **state maybe_unused)
{
	char path[256];
	FILE *f;

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
	f = fopen(path, "we");
	assert_non_null(f);
	fputs("text, and no zone", f);
	fclose(f);
	return setenv("TZDIR", folder, 1);
}

static int remove_database(void **state maybe_unused)
{
	char path[256];

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

TEST(summer_time_begins_and_ends_on_its_second)
{
	struct zone rome;

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

TEST(the_table_reaches_from_1970_to_the_end_of_2106)
{
	struct zone rome;

	assert_int_equal(zone_build("Europe/Rome", &rome), 0);
	assert_int_equal(rome.spans_n, 1 + 2 * (2107 - 1970));
	assert_true(rome.spans[0].from_unix_s == INT64_MIN);
	assert_span(&rome, INT64_MIN, 3600, "CET");
	assert_span(&rome, 4317929999, 7200, "CEST"); /* 2106-10-31 00:59:59 UTC */
	assert_span(&rome, 4317930000, 3600, "CET");
	assert_span(&rome, INT64_MAX, 3600, "CET");
	free(rome.spans);
}

/* The offset libc gives, in the zone that was made last. */
static long libc_offset(int64_t unix_s)
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	assert_non_null(localtime_r(&t, &tm));
	return tm.tm_gmtoff;
}

#define MACHINES "/usr/share/zoneinfo/"

static unsigned machines_n;

/* A table says what libc says: at its edges, and at times that lie as they come. */
static void compare(const char *name)
{
	struct zone z;

	assert_int_equal(zone_build(name, &z), 0);
	for (uint32_t i = 1; i < z.spans_n; i++)
		if (libc_offset(z.spans[i].from_unix_s) != z.spans[i].offset_s ||
		    libc_offset(z.spans[i].from_unix_s - 1) != z.spans[i - 1].offset_s)
			fail_msg("%s: not as libc at %lld", name, (long long)z.spans[i].from_unix_s);
	for (int64_t t = 1; t < INT64_C(4323283200); t += 1000003 + t % 7000001)
		if (libc_offset(t) != zone_at(&z, t)->offset_s)
			fail_msg("%s: not as libc at %lld", name, (long long)t);
	free(z.spans);
	machines_n++;
}

static int compare_file(const char *path, const struct stat *st maybe_unused, int flag, struct FTW *walk maybe_unused)
{
	const char *name = path + strlen(MACHINES);

	if (flag == FTW_F && strchr(name, '.') == NULL && strncmp(name, "right/", 6) != 0 &&
	    strncmp(name, "posix/", 6) != 0 && strncmp(name, "leap", 4) != 0)
		compare(name);
	return 0;
}

TEST(every_zone_of_this_machine_is_as_the_c_library_has_it)
{
	unsetenv("TZDIR");
	int r = nftw(MACHINES, compare_file, 16, FTW_PHYS);
	assert_int_equal(setenv("TZDIR", folder, 1), 0);
	if (r < 0 || machines_n == 0)
		skip(); /* no tz database here */
}

TEST(every_span_begins_on_its_very_second)
{
	struct zone z;

	for (size_t file = 0; file < array_n(files); file++) {
		assert_int_equal(zone_build(files[file].name, &z), 0);
		for (uint32_t i = 1; i < z.spans_n; i++) {
			assert_true(z.spans[i].from_unix_s > z.spans[i - 1].from_unix_s);
			assert_int_equal(libc_offset(z.spans[i].from_unix_s), z.spans[i].offset_s);
			assert_int_equal(libc_offset(z.spans[i].from_unix_s - 1), z.spans[i - 1].offset_s);
		}
		free(z.spans);
	}
}

TEST(a_new_offset_of_the_same_name_is_seen)
{
	struct zone z;

	assert_int_equal(zone_build("Asia/Pyongyang", &z), 0);
	assert_int_equal(z.spans_n, 3);
	assert_span(&z, 1439564399, 32400, "KST"); /* 2015-08-14 14:59:59 UTC */
	assert_span(&z, 1439564400, 30600, "KST");
	assert_span(&z, 1525445999, 30600, "KST");
	assert_span(&z, 1525446000, 32400, "KST"); /* 2018-05-04 15:00:00 UTC */
	free(z.spans);
}

TEST(a_pipe_is_no_zone_even_if_it_speaks_like_one)
{
	struct zone z;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/Etc/fifo", folder);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(write(fd, "TZif", 4), 4);
	assert_int_equal(zone_build("Etc/fifo", &z), -ENOENT);
	close(fd);
}

TEST(zones_of_half_hours_and_odd_seconds_keep_them)
{
	struct zone z;

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

TEST(a_zone_that_does_not_exist_is_not_utc)
{
	struct zone z = { .spans_n = 42 };

	assert_int_equal(zone_build("Europe/Atlantis", &z), -ENOENT);
	assert_int_equal(zone_build("Europe", &z), -ENOENT);   /* a folder */
	assert_int_equal(zone_build("Etc/fifo", &z), -ENOENT); /* does not hang */
	assert_int_equal(zone_build("Etc/text", &z), -ENOENT); /* not a zone's file */
	assert_int_equal(zone_build("Etc/Odd/x", &z), -ENOENT);
	assert_int_equal(zone_build("EST5EDT", &z), -ENOENT); /* libc would take it for a rule */
	assert_int_equal(z.spans_n, 42);
}

TEST(a_name_cannot_leave_the_database)
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

	for (size_t i = 0; i < array_n(names); i++) {
		if (zone_build(names[i], &z) != -EINVAL)
			fail_msg("\"%s\" is not a name", names[i]);
	}
}

TEST(utc_needs_no_database)
{
	struct zone z;

	assert_int_equal(zone_build("UTC", &z), 0);
	assert_int_equal(z.spans_n, 1);
	assert_span(&z, 1774746000, 0, "UTC");
	free(z.spans);
	assert_span(&zone_utc, INT64_MIN, 0, "UTC");
	assert_span(&zone_utc, INT64_MAX, 0, "UTC");
}

TEST(a_lookup_finds_the_span_at_each_edge)
{
	struct zone_span spans[4] = {
		{ .from_unix_s = INT64_MIN, .offset_s = 0 },
		{ .from_unix_s = -5, .offset_s = 1 },
		{ .from_unix_s = 0, .offset_s = 2 },
		{ .from_unix_s = 100, .offset_s = 3 },
	};

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
		cmocka_unit_test(every_span_begins_on_its_very_second),
		cmocka_unit_test(every_zone_of_this_machine_is_as_the_c_library_has_it),
		cmocka_unit_test(a_new_offset_of_the_same_name_is_seen),
		cmocka_unit_test(a_pipe_is_no_zone_even_if_it_speaks_like_one),
		cmocka_unit_test(zones_of_half_hours_and_odd_seconds_keep_them),
		cmocka_unit_test(a_zone_that_does_not_exist_is_not_utc),
		cmocka_unit_test(a_name_cannot_leave_the_database),
		cmocka_unit_test(utc_needs_no_database),
		cmocka_unit_test(a_lookup_finds_the_span_at_each_edge),
	};

	return cmocka_run_group_tests(tests, make_database, remove_database);
}
