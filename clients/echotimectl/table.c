/* SPDX-License-Identifier: MIT */
/* A table of text whose columns are as wide as they need to be. */
#include "echotimectl/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "echotimectl/human.h"

#define CELL_MAX 1024

void table_init(struct table *t, const char *const *titles, size_t columns)
{
	*t = (struct table){ .titles = titles, .columns = columns };
	for (size_t i = 0; i < columns; i++)
		t->widths[i] = strlen(titles[i]) - (titles[i][0] == '>');
}

void *table_or_end(void *allocated)
{
	if (allocated)
		return allocated;
	fputs("echotimectl: out of memory\n", stderr);
	exit(EX_OSERR);
}

void table_cell(struct table *t, const char *s)
{
	char storage[CELL_MAX];
	struct text cell = TEXT_OVER(storage);
	size_t column = t->cells_n % t->columns;

	text_add_printable(&cell, s, strlen(s));
	if (t->cells_n == t->cells_cap) {
		t->cells_cap = t->cells_cap ? t->cells_cap * 2 : 64;
		t->cells = table_or_end(reallocarray(t->cells, t->cells_cap, sizeof(*t->cells)));
	}
	t->cells[t->cells_n++] = table_or_end(strdup(cell.at));
	if (cell.len > t->widths[column])
		t->widths[column] = cell.len;
}

void table_number(struct table *t, uint64_t v)
{
	char s[24];

	(void)snprintf(s, sizeof(s), "%" PRIu64, v);
	table_cell(t, s);
}

void table_size(struct table *t, uint64_t bytes)
{
	char storage[32];
	struct text s = TEXT_OVER(storage);

	human_size(&s, bytes);
	table_cell(t, s.at);
}

void table_duration(struct table *t, uint64_t ms)
{
	char storage[32];
	struct text s = TEXT_OVER(storage);

	human_duration(&s, ms);
	table_cell(t, s.at);
}

/* Two blanks between columns, none at the end of a line: those before a cell are printed with it. */
static size_t print_cell(const struct table *t, size_t column, const char *s, size_t blanks)
{
	size_t n = strlen(s), fill = t->widths[column] - n;
	bool to_right = t->titles[column][0] == '>';

	if (!n)
		return blanks + fill + 2;
	printf("%*s%s", (int)(blanks + (to_right ? fill : 0)), "", s);
	return 2 + (to_right ? 0 : fill);
}

/* from: as many cells as there are columns. */
static void print_row(const struct table *t, const char *const *from, bool is_titles)
{
	size_t blanks = 0;

	for (size_t i = 0; i < t->columns; i++)
		blanks = print_cell(t, i, from[i] + (is_titles && from[i][0] == '>'), blanks);
	puts("");
}

void table_print(const struct table *t, const char *if_empty)
{
	if (!t->cells_n) {
		if (if_empty)
			puts(if_empty);
		return;
	}
	print_row(t, t->titles, true);
	for (size_t i = 0; i < t->cells_n; i += t->columns)
		print_row(t, (const char *const *)t->cells + i, false);
}

void table_done(struct table *t)
{
	for (size_t i = 0; i < t->cells_n; i++)
		free(t->cells[i]);
	free(t->cells);
	t->cells = NULL;
	t->cells_n = t->cells_cap = 0;
}
