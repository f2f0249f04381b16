/* SPDX-License-Identifier: MIT */
/* A record of the hostname server (RFC 953, RFC 952): its addresses and names, and the one line that says them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/text.h"

#define RECORD_NAMES_MAX 64 /* the official one included           */
#define RECORD_ADDRESSES_MAX 64
#define RECORD_TEXT_MAX 4096 /* the longest line, with its CR LF: what a stream has room for */

struct record {
	const char *key; /* "DOMAIN", "NET", "GATEWAY" or "HOST" */
	const struct addr *addresses;
	size_t addresses_n;
	const char *names[RECORD_NAMES_MAX]; /* the official name first */
	size_t names_n;
	const char *cpu, *system, *protocols; /* as written in a table; "" where not known */
};

/* Appends `HOST : 192.0.2.1, [2001:db8::1] : NAME,ALIAS : CPU : SYSTEM : TCP/ECHO,UDP :` and CR LF, or nothing and sets
 * `cut`. Unknown fields at the end are left out. */
void record_add_text(struct text *t, const struct record *r);

/* Appends the record, without as many of its last aliases, then of its last addresses, as makes it fit. False, and
 * nothing is appended, where even one name and one address do not. */
bool record_add_text_that_fits(struct text *t, const struct record *r);

/* Whether a name of n bytes is one: letters, digits, "-", "_", in labels of 1 to 63 parted by ".", 253 octets in all (RFC
 * 1123). */
bool record_name_valid(const char *name, size_t n);
