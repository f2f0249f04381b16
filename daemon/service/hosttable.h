/* SPDX-License-Identifier: MIT */
/*
 * A host table in RFC 952's syntax, taken from the bytes of a file, with an index by name and one by address.
 *
 * Format: `HOST : 192.0.2.1, [2001:db8::1] : NAME,ALIAS : CPU : SYSTEM : TCP/ECHO,UDP :`; NET, GATEWAY and DOMAIN likewise;
 * fields from CPU on may be left out. A line that begins with a blank continues the entry before it; `;` begins a comment.
 * IPv6 in brackets is ours.
 * Owns: a copy of what it needs; the file's bytes are not needed after hosttable_parse(). Nothing changes after that, so
 * processes forked later share it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/lines.h"
#include "service/record.h"

/* In the order in which a table lists them (RFC 952). */
enum hosttable_kind { HOSTTABLE_DOMAIN, HOSTTABLE_NET, HOSTTABLE_GATEWAY, HOSTTABLE_HOST };
#define HOSTTABLE_KINDS 4

struct hosttable;

/* The bytes of a file and its modification time. */
struct hosttable_source {
	const char *text;
	size_t n;
	int64_t mtime_unix_s;
};

/* Takes a file apart. 0 and *ret, to be freed; -ENOMEM; or -EINVAL and *ret_fault, with the line where the entry at fault
 * begins. A table without entries is one. */
int hosttable_parse(const struct hosttable_source *source, struct hosttable **ret, struct lines_fault *ret_fault) must_check;
void hosttable_free(struct hosttable *t); /* NULL is allowed */

int64_t hosttable_mtime_unix_s(const struct hosttable *t);

/* Entries are numbered in the order of their kinds, then of the file: *ret_first is the first of a kind, the number of
 * them is returned. */
uint32_t hosttable_kind_entries(const struct hosttable *t, enum hosttable_kind kind, uint32_t *ret_first);

/* The entry of a number. What it points to lives as long as the table. */
struct record hosttable_record(const struct hosttable *t, uint32_t entry);

/* The entries that have the name (in any case) or the address (whatever its port): the number of them is returned, they are
 * (*ret)[0..number), ascending. A bisection of the index. */
uint32_t hosttable_find_name(const struct hosttable *t, const char *name, const uint32_t **ret);
uint32_t hosttable_find_address(const struct hosttable *t, const struct addr *a, const uint32_t **ret);
