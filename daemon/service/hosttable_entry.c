/* SPDX-License-Identifier: MIT */
/*
 * Takes one entry of a host table apart and adds it to the table.
 *
 * Flow: split into fields at the colons and those into elements at the commas; each element is checked and kept.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "service/hosttable_private.h"

#define FIELDS_MAX 6 /* keyword, addresses, names, CPU, system, protocols */
#define ELEMENTS_MAX 64

_Static_assert(ELEMENTS_MAX <= RECORD_NAMES_MAX && ELEMENTS_MAX <= RECORD_ADDRESSES_MAX, "an entry fits a record");

/* The table that grows, and what is wrong with the entry. */
struct adding {
	struct hosttable *table;
	const char *why; /* with -EINVAL */
};

static int refuse(struct adding *r, const char *why)
{
	r->why = why;
	return -EINVAL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Splits s in place at `separator`, but not inside brackets, and cuts the blanks around each piece. The number of pieces;
 * most + 1 where there are more. */
static size_t split(char *s, char separator, char **pieces, size_t most)
{
	size_t n = 0;
	bool last = false;

	while (!last) {
		char *end = s, *next;

		for (bool inside = false; *end != '\0' && (inside || *end != separator); end++)
			inside = *end == '[' || (inside && *end != ']');
		last = *end == '\0';
		next = end + 1;
		while (is_blank(*s))
			s++;
		while (end > s && is_blank(end[-1]))
			end--;
		*end = '\0';
		if (n == most)
			return most + 1;
		pieces[n++] = s;
		s = next;
	}
	return n;
}

/* Keeps a string; its place. There is room: strings take no more than the text that they come from. */
static uint32_t keep(struct adding *r, const char *s)
{
	uint32_t at = r->table->strings_n;
	size_t n = strlen(s) + 1;

	if (n == 1)
		return 0;
	memcpy(r->table->strings + at, s, n);
	r->table->strings_n += (uint32_t)n;
	return at;
}

/* An array with room for one more element: it doubles whenever their number is a power of two, so it needs no capacity. */
static void *with_room(void *array, uint32_t n, size_t element_bytes)
{
	return (n & (n - 1)) != 0 ? array : reallocarray(array, n == 0 ? 1 : 2 * (size_t)n, element_bytes);
}

static int add_address(struct adding *r, struct hosttable_entry *e, const char *s)
{
	struct hosttable *t = r->table;
	struct addr *more = with_room(t->addresses, t->addresses_n, sizeof(*more));
	struct addr a;

	if (!more)
		return -ENOMEM;
	t->addresses = more;
	/* A scope is one host's own, and to read its name would ask the system. */
	if (strchr(s, '%') || addr_parse(s, &a) < 0)
		return refuse(r, "not an address (IPv4, or IPv6 in brackets)");
	t->addresses[t->addresses_n++] = a;
	e->addresses_n++;
	return 0;
}

/* IPv4 goes before IPv6, as in every answer. */
static int read_addresses(struct adding *r, struct hosttable_entry *e, char *field)
{
	char *pieces[ELEMENTS_MAX];
	size_t n = split(field, ',', pieces, ELEMENTS_MAX);
	int err = 0;

	if (n > ELEMENTS_MAX)
		return refuse(r, "more than 64 addresses");
	e->addresses_at = r->table->addresses_n;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < n && err == 0; i++)
			if (!strchr(pieces[i], ':') == (pass == 0))
				err = add_address(r, e, pieces[i]);
	return err;
}

static int read_names(struct adding *r, struct hosttable_entry *e, char *field)
{
	char *pieces[ELEMENTS_MAX];
	size_t n = split(field, ',', pieces, ELEMENTS_MAX);

	if (n > ELEMENTS_MAX)
		return refuse(r, "more than 64 names");
	for (size_t i = 0; i < n; i++) {
		uint32_t at;

		if (!record_name_valid(pieces[i], strlen(pieces[i])))
			return refuse(r, "not a name (letters, digits, \"-\", \"_\", labels of 1 to 63 parted by \".\")");
		at = keep(r, pieces[i]);
		if (i == 0)
			e->names_at = at;
	}
	e->names_n = (uint32_t)n;
	return 0;
}

static bool is_word(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= 0x20 || *s > 0x7E)
			return false;
	return true;
}

/* CPU, system or protocols: words parted by commas, kept without blanks; an empty field is none. */
static int read_words(struct adding *r, char *field, uint32_t *ret)
{
	char *pieces[ELEMENTS_MAX];
	char storage[RECORD_TEXT_MAX];
	struct text words = TEXT_OVER(storage);
	size_t n = split(field, ',', pieces, ELEMENTS_MAX);

	if (n > ELEMENTS_MAX)
		return refuse(r, "more than 64 protocols");
	for (size_t i = 0; i < n; i++) {
		if (!is_word(pieces[i]) || (n > 1 && pieces[i][0] == '\0'))
			return refuse(r, "an empty word, or a blank or control character in one");
		text_addf(&words, "%s%s", i > 0 ? "," : "", pieces[i]);
	}
	*ret = keep(r, storage);
	return 0;
}

static int read_kind(struct adding *r, const char *word, enum hosttable_kind *ret)
{
	static const char *const keywords[HOSTTABLE_KINDS] = { "DOMAIN", "NET", "GATEWAY", "HOST" };

	for (unsigned kind = 0; kind < HOSTTABLE_KINDS; kind++) {
		if (text_same_ignoring_case(word, keywords[kind])) {
			*ret = (enum hosttable_kind)kind;
			return 0;
		}
	}
	return refuse(r, "it begins with none of DOMAIN, NET, GATEWAY, HOST");
}

static int read_fields(struct adding *r, char *const *fields, size_t n, struct hosttable_entry *e)
{
	uint32_t *const words[] = { &e->cpu, &e->system, &e->protocols };
	int err = read_kind(r, fields[0], &e->kind);

	if (err == 0)
		err = read_addresses(r, e, fields[1]);
	if (err == 0)
		err = read_names(r, e, fields[2]);
	for (size_t i = 3; i < n && err == 0; i++)
		err = read_words(r, fields[i], words[i - 3]);
	return err;
}

/* Every entry can be said in one line. */
static int check_length(struct adding *r, uint32_t entry)
{
	struct record record = hosttable_record(r->table, entry);
	char storage[RECORD_TEXT_MAX + 1];
	struct text t = TEXT_OVER(storage);

	record_add_text(&t, &record);
	return t.cut ? refuse(r, "the entry is too long to be sent (4096 bytes)") : 0;
}

static int read_entry(struct adding *r, char *text)
{
	struct hosttable *t = r->table;
	struct hosttable_entry *more, e = { .kind = HOSTTABLE_HOST };
	char *fields[FIELDS_MAX + 1]; /* and what is behind the last colon: nothing */
	size_t n = split(text, ':', fields, FIELDS_MAX + 1);
	int err;

	if (n > FIELDS_MAX + 1)
		return refuse(r, "more than six fields");
	if (n < 4 || fields[n - 1][0] != '\0')
		return refuse(r, "an entry is KEYWORD : ADDRESSES : NAMES : and ends with a colon");
	more = with_room(t->entries, t->entries_n, sizeof(*more));
	if (!more)
		return -ENOMEM;
	t->entries = more;
	err = read_fields(r, fields, n - 1, &e);
	if (err < 0)
		return err;
	t->entries[t->entries_n++] = e;
	return check_length(r, t->entries_n - 1);
}

int hosttable_entry_add(struct hosttable *t, char *text, const char **ret_why)
{
	struct adding r = { .table = t };
	int err = read_entry(&r, text);

	*ret_why = r.why;
	return err;
}
