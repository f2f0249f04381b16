/* SPDX-License-Identifier: MIT */
/*
 * A time zone as a table: from which UTC second on which offset and abbreviation hold.
 *
 * The settings reader makes the table in its throw-away process (zone_build reads the system's tz database through libc);
 * everybody else only bisects it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define ZONE_NAME_MAX 64
#define ZONE_SPANS_MAX 1024

struct zone_span {
	int64_t from_unix_s;  /* the first UTC second of the span; the first span starts at INT64_MIN */
	int32_t offset_s;     /* local time minus UTC                                                */
	bool dst;             /* daylight saving time                                                */
	char abbreviation[8]; /* "UTC", "CEST", "+0330": ASCII                                       */
};

struct zone {
	char name[ZONE_NAME_MAX]; /* "Europe/Rome" */
	uint32_t spans_n;         /* 1 or more     */
	struct zone_span *spans;  /* ascending; whoever made the zone owns it */
};

/* UTC, without a table read from anywhere. */
extern const struct zone zone_utc;

/* The span that holds at a POSIX time. Never NULL. */
const struct zone_span *zone_at(const struct zone *z, int64_t unix_s);

/* Makes a zone's table from 1970 up to the end of 2106, by this process's tz database (it sets TZ: call it in a process of
 * its own). ret->spans is malloc'ed; its bytes are all set. "UTC" needs no database. *ret is set on 0 alone.
 * 0, -ENOENT no such zone, -EINVAL not a name ("..", a leading "/", too long), -E2BIG, -ENOMEM, or what opening the zone's
 * file failed with. */
int zone_build(const char *name, struct zone *ret) must_check;
