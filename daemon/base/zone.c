/* SPDX-License-Identifier: MIT */
/*
 * A time zone as a table: looked up by anybody, made from the system's tz database in a process of its own.
 *
 * Flow: zone_build asks libc for the offset day by day; where two days differ it bisects to the second of the change.
 */
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
#include "base/zone.h"

#define TABLE_BEGIN_S INT64_C(0)        /* 1970-01-01 */
#define TABLE_END_S INT64_C(4323369600) /* 2107-01-01 */
#define STEP_S 86400                    /* shorter than any span in the tz database */

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

/* libc takes an unknown zone for UTC in silence, so look for its file first. 0, -ENOENT, or what open failed with. */
static int check_database(const char *name)
{
	const char *folder = getenv("TZDIR");
	cleanup_fd int fd = -1;
	char path[4096];
	char magic[4];
	struct stat st;
	int n;

	n = snprintf(path, sizeof(path), "%s/%s", folder != NULL && *folder != '\0' ? folder : "/usr/share/zoneinfo", name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* does not wait for a FIFO's writer */
	if (fd < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || read(fd, magic, sizeof(magic)) != sizeof(magic))
		return -ENOENT;
	return memcmp(magic, "TZif", sizeof(magic)) == 0 ? 0 : -ENOENT;
}

/* What holds at a time, as libc sees it. */
static int read_span(int64_t unix_s, struct zone_span *ret)
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return -errno;
	/* Cleared whole: spans are compared and written to a pipe as bytes. */
	memset(ret, 0, sizeof(*ret));
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

/* Walks through the years and collects the spans. */
static int walk(struct zone *z)
{
	struct zone_span last, next;
	int64_t at_s = TABLE_BEGIN_S;
	int r = read_span(at_s, &last);

	if (r < 0)
		return r;
	last.from_unix_s = INT64_MIN;
	r = add_span(z, &last);
	while (r == 0 && at_s + STEP_S <= TABLE_END_S) {
		r = read_span(at_s + STEP_S, &next);
		if (r < 0)
			return r;
		if (!same_time(&last, &next)) {
			r = find_change(&last, at_s, &next);
			if (r == 0)
				r = add_span(z, &next);
			last = next;
		}
		at_s = next.from_unix_s;
	}
	return r;
}

/* Sets this process's time zone and makes the table. */
static int build(struct zone *z)
{
	struct zone_span *fitting;
	int r;

	if (setenv("TZ", z->name, 1) < 0)
		return -errno;
	tzset();
	r = walk(z);
	if (r < 0)
		return r;
	fitting = realloc(z->spans, z->spans_n * sizeof(z->spans[0]));
	if (fitting != NULL)
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
	/* UTC needs no database: a small container has none. */
	r = is_utc ? 0 : check_database(name);
	if (r < 0)
		return r;
	z.spans = malloc(ZONE_SPANS_MAX * sizeof(z.spans[0]));
	if (z.spans == NULL)
		return -ENOMEM;
	r = text_copy(z.name, sizeof(z.name), name);
	if (r == 0)
		r = is_utc ? add_span(&z, &utc_span) : build(&z);
	if (r < 0) {
		free(z.spans);
		return r;
	}
	*ret = z;
	return 0;
}
