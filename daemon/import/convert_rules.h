/* SPDX-License-Identifier: MIT */
/* Attributes of another super-server as settings, by a table: a line each, or a comment. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/attr.h"
#include "import/foreign.h"

/* A group of settings that is printed: `defaults`, or a listener. */
struct section {
	const struct foreign *f;
	const struct foreign_entry *e;
	FILE *to;
	const char *indent;
	bool datagrams;
	bool wider;    /* it would serve more than before: it stays off */
	unsigned lost; /* so far */
};

/* Prints a comment, in which nothing of the file can begin a line. */
void convert_comment(struct section *s, const char *place, const char *fmt, ...) printf_like(3, 4);

/* Prints all attributes of the section's entry, the last of each name. */
void convert_attributes(struct section *s);
