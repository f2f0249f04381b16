/* SPDX-License-Identifier: MIT */
/*
 * A table of text whose columns are as wide as they need to be. What a cell is given is made printable.
 *
 * Without memory a program that prints has nothing better to do than to end: it does, saying so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define TABLE_COLUMNS_MAX 16

struct table {
	const char *const *titles; /* of columns; one that begins with '>' is aligned to the right */
	size_t columns;
	size_t widths[TABLE_COLUMNS_MAX];
	char **cells; /* rows × columns, in order */
	size_t cells_n, cells_cap;
};

/* titles: as many as columns, the caller's for as long as the table is. */
void table_init(struct table *t, const char *const *titles, size_t columns);
#define TABLE_INIT(table, titles) table_init(table, titles, array_n(titles)) /* an array of them */

/* The next cell of a row; a row is full after as many as there are columns. */
void table_cell(struct table *t, const char *s);
void table_number(struct table *t, uint64_t v);
void table_size(struct table *t, uint64_t bytes);
void table_duration(struct table *t, uint64_t ms);

/* Prints titles and rows; nothing where there is no row and `if_empty` is NULL. */
void table_print(const struct table *t, const char *if_empty);
void table_done(struct table *t);

/* Memory that was allocated; the program ends where it is NULL. */
void *table_or_end(void *allocated);
