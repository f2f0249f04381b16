/* SPDX-License-Identifier: MIT */
/*
 * A time zone as a table: looked up by anybody, made from the system's tz database in a process of its own.
 *
 * Flow: the zone's file says when something changes, and libc what holds then. Where a rule goes on behind the last of these
 * times, libc is asked day by day for a year; the years that follow change a whole number of days later. A file that cannot
 * say it is walked through day by day to the end: 50,000 questions, 18 ms.
 */
#include "base/zone.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "base/text.h"
#include "base/tzif.h"

#define TABLE_BEGIN_S INT64_C(0)        /* 1970-01-01 */
#define TABLE_END_S INT64_C(4323369600) /* 2107-01-01 */
#define STEP_S INT64_C(86400)           /* shorter than any span in the tz database */
#define RULE_YEAR_S (400 * STEP_S)      /* with two changes at least, wherever in a year it begins */

static struct zone_span utc_span = { .from_unix_s = INT64_MIN, .abbreviation = "UTC" };
const struct zone zone_utc = { .name = "UTC", .spans_n = 1, .spans = &utc_span };

const struct zone_span *zone_at(const struct zone *z, int64_t unix_s)
{
	size_t low = 0, high = z->spans_n;

	assert(z->spans_n > 0);
	/* spans[low] begins at or before unix_s; spans[high] after it, or is the end. */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (z->spans[middle].from_unix_s <= unix_s)
			low = middle;
		else
			high = middle;
	}
	return &z->spans[low];
}

/* Names of the tz database are letters, digits, "_", "-", "+" and "/". With no "." there is no "..", and no name leaves the
 * database's folder. */
static bool is_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+/";
	size_t n = strlen(name);

	return n > 0 && n < ZONE_NAME_MAX && name[0] != '/' && strspn(name, allowed) == n;
}

#define SETTING_BYTES 4096

/* libc takes an unknown zone for UTC in silence, so look for its file first, and musl's knows no TZDIR, so tell it the path.
 * The descriptor, and the word for TZ; -ENOENT, or what open failed with. */
static int open_database(const char *name, char ret_setting[SETTING_BYTES])
{
	const char *folder = getenv("TZDIR");
	cleanup_fd int fd = -1;
	struct stat st;
	int n;

	n = snprintf(ret_setting, SETTING_BYTES, ":%s/%s", folder && *folder != '\0' ? folder : "/usr/share/zoneinfo", name);
	if (n < 0 || n >= SETTING_BYTES)
		return -ENAMETOOLONG;
	fd = open(ret_setting + 1, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* does not wait for a FIFO's writer */
	if (fd < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? fd_take(&fd) : -ENOENT;
}

/* The span that holds at a time, as libc sees it. */
static int read_span(int64_t unix_s, struct zone_span *ret)
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	/* Cleared whole: spans are compared and written to a pipe as bytes. */
	memset(ret, 0, sizeof(*ret));
	if (!localtime_r(&t, &tm))
		return -errno;
	ret->from_unix_s = unix_s;
	ret->offset_s = (int32_t)tm.tm_gmtoff;
	ret->dst = tm.tm_isdst > 0;
	return text_copy(ret->abbreviation, sizeof(ret->abbreviation), tm.tm_zone) < 0 ? -EINVAL : 0;
}

static bool same_time(const struct zone_span *a, const struct zone_span *b)
{
	return a->offset_s == b->offset_s && a->dst == b->dst && strcmp(a->abbreviation, b->abbreviation) == 0;
}

/* Between a time where `last` holds and *next, where it does not: makes *next the first second where it does not. */
static int find_change(const struct zone_span *last, int64_t holds_s, struct zone_span *next)
{
	while (next->from_unix_s - holds_s > 1) {
		struct zone_span middle;
		int r = read_span(holds_s + (next->from_unix_s - holds_s) / 2, &middle);

		if (r < 0)
			return r;
		if (same_time(last, &middle))
			holds_s = middle.from_unix_s;
		else
			*next = middle;
	}
	return 0;
}

static int add_span(struct zone *z, const struct zone_span *span)
{
	if (z->spans_n == ZONE_SPANS_MAX)
		return -E2BIG;
	z->spans[z->spans_n++] = *span;
	return 0;
}

/* The state behind the last span that was added. */
static const struct zone_span *last_of(const struct zone *z)
{
	return &z->spans[z->spans_n - 1];
}

static int begin(struct zone *z)
{
	struct zone_span first;
	int r = read_span(TABLE_BEGIN_S, &first);

	first.from_unix_s = INT64_MIN;
	return r < 0 ? r : add_span(z, &first);
}

/* Collects the spans of a time in which nothing is known, day by day. */
static int walk(struct zone *z, int64_t at_s, int64_t end_s)
{
	struct zone_span next;
	int r = 0;

	while (r == 0 && at_s + STEP_S <= end_s) {
		r = read_span(at_s + STEP_S, &next);
		if (r == 0 && !same_time(last_of(z), &next)) {
			r = find_change(last_of(z), at_s, &next);
			if (r == 0)
				r = add_span(z, &next);
		}
		at_s = next.from_unix_s;
	}
	return r;
}

/* Whether the time changes at this very second. */
static bool changes_at(const struct zone *z, int64_t unix_s, struct zone_span *ret)
{
	struct zone_span before;

	return read_span(unix_s - 1, &before) == 0 && read_span(unix_s, ret) == 0 && same_time(last_of(z), &before) &&
	       !same_time(&before, ret);
}

/* The next change by the rule: one year after the last but one, whose day is said by its number in the year, or by its week
 * and weekday. False: it is none of these. */
static bool predict(const struct zone *z, struct zone_span *ret)
{
	static const int days[] = { 364, 371, 365, 366 };
	int64_t year_before_s = z->spans[z->spans_n - 2].from_unix_s;

	for (size_t i = 0; i < array_n(days); i++)
		if (changes_at(z, year_before_s + days[i] * STEP_S, ret))
			return true;
	return false;
}

/* Behind the last change that the file knows. Some rule has two changes a year, for ever. */
static int follow_rule(struct zone *z, int64_t from_s)
{
	uint32_t before_n = z->spans_n;
	struct zone_span next;
	int r = walk(z, from_s, from_s + RULE_YEAR_S);

	if (r < 0 || z->spans_n < before_n + 2)
		return r; /* nothing changes, whatever the rule says */
	while (r == 0 && predict(z, &next)) {
		if (next.from_unix_s > TABLE_END_S)
			return 0;
		r = add_span(z, &next);
	}
	return r < 0 ? r : walk(z, last_of(z)->from_unix_s, TABLE_END_S);
}

/* The times that the file knows, and what libc says of them. */
static int visit(struct zone *z, const struct tzif *file)
{
	int64_t known_s = TABLE_BEGIN_S;
	int r = 0;

	for (size_t i = 0; r == 0 && i < file->changes_n && file->changes[i] <= TABLE_END_S; i++) {
		struct zone_span next;

		if (file->changes[i] <= TABLE_BEGIN_S)
			continue;
		known_s = file->changes[i];
		r = read_span(known_s, &next);
		if (r == 0 && !same_time(last_of(z), &next))
			r = add_span(z, &next);
	}
	return r == 0 && file->has_rule ? follow_rule(z, known_s) : r;
}

/* Sets this process's time zone and makes the table. */
static int build(struct zone *z)
{
	char setting[SETTING_BYTES];
	cleanup_fd int fd = open_database(z->name, setting);
	struct tzif file = { 0 };
	struct zone_span *fitting;
	int r = fd < 0 ? fd : tzif_read(fd, &file);
	bool knows = r == 0;

	if (r < 0 && r != -ENOTSUP)
		return r;
	r = setenv("TZ", setting, 1) < 0 ? -errno : 0;
	tzset();
	if (r == 0)
		r = begin(z);
	if (r == 0)
		r = knows ? visit(z, &file) : walk(z, TABLE_BEGIN_S, TABLE_END_S);
	free(file.changes);
	if (r < 0)
		return r;
	fitting = realloc(z->spans, z->spans_n * sizeof(z->spans[0]));
	if (fitting)
		z->spans = fitting;
	return 0;
}

int zone_build(const char *name, struct zone *ret)
{
	struct zone z = { .spans_n = 0 };
	bool is_utc = strcmp(name, "UTC") == 0;
	int r;

	if (!is_name(name))
		return -EINVAL;
	z.spans = malloc(ZONE_SPANS_MAX * sizeof(z.spans[0]));
	if (!z.spans)
		return -ENOMEM;
	r = text_copy(z.name, sizeof(z.name), name);
	if (r == 0) /* UTC needs no database: a small container has none */
		r = is_utc ? add_span(&z, &utc_span) : build(&z);
	if (r < 0) {
		free(z.spans);
		return r;
	}
	*ret = z;
	return 0;
}
